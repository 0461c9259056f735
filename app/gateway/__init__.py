"""The OpenAI-compatible front of the router, with a door for Anthropic's wire."""

from app.gateway.application import build_gateway
from app.gateway.server import serve

__all__ = ["build_gateway", "serve"]
