"""Whether the model that served an alert's tier before can be put back, and what to do if not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.loop.decide.pin import model_name
from tierwatch.store.alerts import Alert
from tierwatch.store.incidents.changes import Change
from tierwatch.store.pages.earlier_policy import earlier_model
from tierwatch.store.policies import load_policy

_OF_ANSWERS: Final = frozenset({"model", "quality"})


@dataclass(frozen=True, slots=True)
class ModelBack:
    """What can be done about a tier's model.

    Attributes:
        button: what pinning does; empty where there is nothing to pin.
        advice: what to do where it cannot be pinned here; empty where it can.
    """

    button: str
    advice: str


def model_back(connection: Connection, alert: Alert, changes: Sequence[Change]) -> ModelBack | None:
    """The way back of an alert that is about a tier's answers; None for another one."""
    found = alert.attribution
    of_answers = isinstance(found, AttributionDocument) and found.cause in _OF_ANSWERS
    if not alert.tier or not (alert.kind == "model_drift" or of_answers):
        return None
    version = earlier_model(connection, alert.tier)
    earlier = None if version is None else load_policy(connection, version)
    if earlier is not None:
        name = model_name(earlier, alert.tier) or "the model that tierwatch.yaml names"
        return ModelBack(f"Pin the earlier model of {alert.tier}: {name}", "")
    came = [change for change in changes if change.what == "model"]
    if came:
        return ModelBack(
            "",
            f"{alert.tier} was served by {came[-1].before} before. No policy has it, so that it"
            " cannot be pinned here: name it in tierwatch.yaml again and restart the gateways, and"
            " send the tier up until then.",
        )
    return ModelBack(
        "",
        "The model's name has not changed: what answers under it has, and no earlier version can be"
        " pinned from here. Send the tier up, then name a dated version of the model in"
        " tierwatch.yaml if its vendor has one.",
    )
