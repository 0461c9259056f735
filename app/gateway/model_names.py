"""The list of names a caller may ask for, readable by OpenAI's and by Anthropic's client."""

from datetime import UTC, datetime
from typing import Any

from tierwatch.config import Config

# No model has a longer name; what is sent as one may have megabytes.
_LONGEST = 100


def model_list(config: Config, created_at: float) -> dict[str, Any]:
    """``auto`` and its other names, then tiers, then models; each name once.

    Both clients ignore fields they do not know, so each entry carries both their sets.

    Args:
        config: the tiers and ``gateway.auto_models``.
        created_at: epoch seconds, shown as every entry's time of creation.
    """
    names = [
        "auto",
        *config.gateway.auto_models,
        *(tier.name for tier in config.tiers),
        *(tier.model for tier in config.tiers),
    ]
    owners = {tier.model: tier.provider for tier in config.tiers}
    when = datetime.fromtimestamp(int(created_at), UTC).isoformat().replace("+00:00", "Z")
    data = [
        {
            "id": name,
            "object": "model",
            "created": int(created_at),
            "owned_by": owners.get(name) or "tierwatch",
            "type": "model",
            "display_name": name,
            "created_at": when,
        }
        for name in dict.fromkeys(names)
    ]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"],
        "last_id": data[-1]["id"],
        "has_more": False,
    }


def shown_name(name: str) -> str:
    """A name that a caller made up, as an error message repeats it.

    >>> shown_name("gpt-9"), len(shown_name("x" * 10**6))
    ("'gpt-9'", 105)
    """
    return repr(name) if len(name) <= _LONGEST else f"{name[:_LONGEST]!r}..."
