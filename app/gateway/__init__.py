"""The front of the router: OpenAI's chat completions and Responses, and Anthropic's Messages.

Callers' requests come in; replies go out to them, and a `ServedExchange` each to the recorder. For
the command that runs it, and for nobody else.
"""

from tierwatch.gateway.application import build_gateway
from tierwatch.gateway.cache.response_cache import build_cache
from tierwatch.gateway.server import run_server

__all__ = ["build_cache", "build_gateway", "run_server"]
