"""The list of names a caller may ask for, in the form of the client that asks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tierwatch.config import Config
from tierwatch.gateway.asgi import Reply, json_reply
from tierwatch.gateway.model_names import ModelNames
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.refusal import Refusal


class ModelLists:
    """Routing, then tiers, then models, each name once, as either vendor's clients read it.

    Args:
        config: the tiers and ``gateway.auto_models``.
        names: what a name that is not listed stands for.
        created_at: epoch seconds, shown as every entry's time of creation.
    """

    def __init__(self, config: Config, names: ModelNames, created_at: float) -> None:
        tiers = config.tiers
        listed = ["auto", *config.gateway.auto_models]
        listed += [*(tier.name for tier in tiers), *(tier.model for tier in tiers)]
        owners = {tier.model: tier.provider for tier in tiers}
        seconds = int(created_at)
        self._names = names
        self._openai = {
            name: {
                "id": name,
                "object": "model",
                "created": seconds,
                "owned_by": owners.get(name) or "tierwatch",
            }
            for name in dict.fromkeys(listed)
        }
        when = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
        self._anthropic = {
            name: {
                "type": "model",
                "id": name,
                "display_name": name,
                "created_at": when,
                "lifecycle": "active",
            }
            for name in self._openai
        }

    def listed(self, wire: str) -> dict[str, Any]:
        """All of them."""
        if wire != ANTHROPIC:
            return {"object": "list", "data": list(self._openai.values())}
        data = list(self._anthropic.values())
        return {
            "data": data,
            "has_more": False,
            "first_id": data[0]["id"],
            "last_id": data[-1]["id"],
        }

    def one(self, name: str, wire: str) -> Reply:
        """One by its name, or by another one that stands for it."""
        entries = self._anthropic if wire == ANTHROPIC else self._openai
        known = entries.get(name)
        if known is None:
            meaning = self._names.meaning(name)
            if meaning is None:
                refusal = Refusal(404, self._names.refusal(name), code="model_not_found")
                return Reply(refusal.body(wire), 404)
            known = {**entries[meaning or "auto"], "id": name}
        return json_reply(known)


def asking_wire(headers: Mapping[bytes, bytes]) -> str:
    """The wire of the client that asks where both have the same path: Anthropic's says so."""
    return ANTHROPIC if b"anthropic-version" in headers else OPENAI
