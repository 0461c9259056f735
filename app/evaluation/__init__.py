"""The judgement: verdicts and their probabilities come in, estimates and decisions go out.

    from tierwatch.evaluation import MisrouteMonitor

    monitor = MisrouteMonitor(tolerance=0.05)
    if monitor.update(loss=1.0, weight=1.2):
        print("misrouted more often than tolerated, since pair", monitor.since)

Pure and seeded: it knows no database, HTTP, clock or environment. The rooms are the headings of
docs/statistics.md, which has the formulas. Each name below is imported when it is first asked for;
until then neither numpy nor scipy is. Anybody may call these; inside the project modules import
from the modules.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
    from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
    from tierwatch.evaluation.attribution.attribute import attribute
    from tierwatch.evaluation.attribution.cells import Cell
    from tierwatch.evaluation.attribution.findings import Attribution
    from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips, ProbeFlips
    from tierwatch.evaluation.rates.double_sampling import estimate_rate
    from tierwatch.evaluation.rates.estimate import Estimate
    from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold

__all__ = [
    "AnchorEvidence",
    "AnchorFlips",
    "Attribution",
    "Cell",
    "Estimate",
    "InputDriftMonitor",
    "MisrouteMonitor",
    "ProbeFlips",
    "ThresholdChoice",
    "attribute",
    "choose_threshold",
    "estimate_rate",
]

_ROOMS = {
    "AnchorEvidence": "attribution.flips",
    "AnchorFlips": "attribution.flips",
    "Attribution": "attribution.findings",
    "Cell": "attribution.cells",
    "Estimate": "rates.estimate",
    "InputDriftMonitor": "alarms.input_drift",
    "MisrouteMonitor": "alarms.misroute_monitor",
    "ProbeFlips": "attribution.flips",
    "ThresholdChoice": "thresholds.choice",
    "attribute": "attribution.attribute",
    "choose_threshold": "thresholds.choice",
    "estimate_rate": "rates.double_sampling",
}


def __getattr__(name: str) -> object:
    """A public name, from the module that makes it (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; there are {', '.join(__all__)}"
        )
    found: object = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """What the module holds, the public names among it whether imported yet or not."""
    return sorted({*globals(), *__all__})
