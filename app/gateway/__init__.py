"""The OpenAI-compatible front of the router, with a door for Anthropic's wire."""

from tierwatch.gateway.application import build_gateway
from tierwatch.gateway.server import serve

__all__ = ["build_gateway", "serve"]
