"""Refusals as providers say them, each in its vendor's form."""

import json


def openai(message: str, **fields: object) -> str:
    """OpenAI's body, and that of most servers that speak its wire."""
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", **fields}})


def anthropic(message: str) -> str:
    """Anthropic's body."""
    error = {"type": "invalid_request_error", "message": message}
    return json.dumps({"type": "error", "error": error})


def pydantic(*places: str, kind: str = "extra_forbidden") -> str:
    """What a server made with pydantic says of fields that it does not know."""
    said = "Extra inputs are not permitted"
    return json.dumps(
        {"detail": [{"type": kind, "loc": ["body", place], "msg": said} for place in places]}
    )
