"""Where OpenAI's Responses are spoken, and how a key is shown there."""

ROUTE = "/v1/responses"


def chat_url(base_url: str) -> str:
    """The address that requests are posted to; the base ends with the version."""
    return f"{base_url.rstrip('/')}/responses"


def auth_headers(key: str) -> dict[str, str]:
    """The headers that show a key; an empty one is none."""
    return {"authorization": f"Bearer {key}"} if key else {}
