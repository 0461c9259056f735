"""Where Anthropic's wire is spoken, and how a key is shown on it."""

ROUTE = "/v1/messages"
_VERSION = "2023-06-01"


def chat_url(base_url: str) -> str:
    """The address that chats are posted to; the base may end with the version or not."""
    return f"{base_url.rstrip('/').removesuffix('/v1')}{ROUTE}"


def auth_headers(key: str) -> dict[str, str]:
    """The version that is spoken, and the header that shows a key; an empty one is none."""
    shown = {"x-api-key": key} if key else {}
    return {"anthropic-version": _VERSION, **shown}
