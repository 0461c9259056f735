"""What to do about each kind of alert: the one table that pages show and docs/runbook.md has."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Runbook:
    """What a kind of alert means, and what to do about it, the first thing first."""

    meaning: str
    steps: tuple[str, ...]


RUNBOOK: Final[Mapping[str, Runbook]] = MappingProxyType(
    {
        "misroute": Runbook(
            "People get materially worse answers of this tier than the next one gives, more "
            "often than is tolerated.",
            (
                (
                    "Read three of the worst pairs. Where you disagree with the judge, label "
                    "20 pairs: the rate is then corrected."
                ),
                (
                    "Where you agree and it goes on, send the tier up. It costs money, ends "
                    "by itself and is taken back with one click."
                ),
                (
                    "Where the cause is the model, call its vendor or name another model. "
                    "Where a policy came before it, roll back to the one before."
                ),
            ),
        ),
        "model_drift": Runbook(
            "The tier's model fails test prompts that it passed at first: its vendor has "
            "changed it, or another one answers under its name.",
            (
                "Check for a misroute alert of the same tier: it says whether people notice.",
                (
                    "Pin the earlier version of the model in tierwatch.yaml, or send the tier "
                    "up until the vendor has answered."
                ),
                "Resolve it to accept the model as it is now.",
            ),
        ),
        "judge_drift": Runbook(
            "The judge judges anchors, whose verdicts are known, differently than at first. "
            "No rate can be believed before that is understood.",
            (
                (
                    "Check on the Judge page which anchors it gets wrong, and whether its "
                    "model has changed."
                ),
                "Approve nothing that rests on verdicts since then.",
                "Resolve it to accept the judge as it is now.",
            ),
        ),
        "past": Runbook(
            "Verdicts of this stream are not what they used to be, whatever is tolerated.",
            (
                (
                    "The signs at the boundaries say whether it is the tier, the traffic or "
                    "the judge."
                ),
                (
                    "Where they name a tier, raise its sampling: an alert with a proven rate "
                    "follows sooner if something is wrong."
                ),
            ),
        ),
        "input_drift": Runbook(
            "Prompts are routed with other confidences than at this hour of other weeks.",
            (
                "Check for a new client, a holiday, or another classifier.",
                ("Do nothing where the rates hold. Resolve it to accept the traffic as it is now."),
            ),
        ),
        "judge_orders": Runbook(
            "The judge contradicts itself too often when the answers change places; those "
            "verdicts show nothing.",
            (
                "Check its model and its prompt on the Judge page.",
                "Name a stronger judge: inconclusive pairs are paid for and say nothing.",
            ),
        ),
        "not_trusted": Runbook(
            "The judge is right on too few anchors to be believed. No rate of it says anything.",
            (
                ("Believe no rate, approve nothing. Proposals are held back until it is trusted."),
                "Name another judge in tierwatch.yaml, or mend its prompt.",
            ),
        ),
        "capture": Runbook(
            "What is sampled is not the share that it should be, and every rate rests on it.",
            (
                ("Check that gateways reach Postgres and that no spool is full: tierwatch doctor."),
                "Rates of that time stay biased: wait for newer pairs before you decide.",
            ),
        ),
        "budget": Runbook(
            "Today's evaluation budget is spent; nothing is sampled until midnight UTC.",
            (
                "Check on the Costs page what it was spent on.",
                (
                    "Raise evaluation.budget_usd_per_day or lower the sample rate, if it "
                    "comes often."
                ),
            ),
        ),
        "fleet": Runbook(
            "Gateways run with configuration files that differ, so a part of the traffic goes by"
            " another policy than this page shows.",
            (
                "Compare the files of the gateways: the alert names both sets of tiers.",
                "Restart those with the old file. It is resolved once all agree.",
            ),
        ),
        "no_data": Runbook(
            "Something that should come has stopped: requests, verdicts, or a step of the loop.",
            (
                "Check that workers, beat and the broker run: tierwatch doctor.",
                "Until it is mended nothing here would notice worse answers.",
            ),
        ),
        "relative": Runbook(
            "A stream was worse than its own past; an earlier version of tierwatch says so.",
            ("Resolve it: past alerts have taken its place.",),
        ),
    }
)
UNKNOWN: Final = Runbook("This version does not know this kind of alert.", ())


def runbook_of(kind: str) -> Runbook:
    """What to do about a kind of alert."""
    return RUNBOOK.get(kind, UNKNOWN)
