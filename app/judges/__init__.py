"""Who compares a pair. The door: `build_judge`, and the `Judge` it returns.

Each is imported when it is first asked for: a gateway reads answers with this room's pure modules,
and has no use for the clients of a judge.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tierwatch.judges.build import build_judge
    from tierwatch.judges.verdict import Judge

__all__ = ["Judge", "build_judge"]

_ROOMS = {"Judge": "verdict", "build_judge": "build"}


def __getattr__(name: str) -> object:
    """A public name, from the module that makes it (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found
