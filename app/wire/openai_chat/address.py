"""Where OpenAI's wire is spoken, and how a key is shown on it."""

ROUTE = "/v1/chat/completions"


def chat_url(base_url: str) -> str:
    """The address that chats are posted to; the base ends with the version."""
    return f"{base_url.rstrip('/')}/chat/completions"


def auth_headers(key: str) -> dict[str, str]:
    """The headers that show a key; an empty one is none."""
    return {"authorization": f"Bearer {key}"} if key else {}
