"""Pins in memory, which a test fills and reads."""

from collections.abc import Sequence

from tierwatch.routing.stickiness import Pin


class KnownPins:
    """Pins by key."""

    def __init__(self, known: dict[str, Pin] | None = None) -> None:
        self.known = known or {}
        self.looked: list[Sequence[str]] = []

    async def find(self, keys: Sequence[str]) -> list[Pin | None]:
        self.looked.append(keys)
        return [self.known.get(key) for key in keys]

    def keep(self, key: str, pin: Pin) -> None:
        self.known[key] = pin
