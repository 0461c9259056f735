"""``evaluation``: what is sampled, judged and proposed."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainValidator

from tierwatch.config.false_alarms import (
    DEFAULT_LEVEL,
    AcceptedFalseAlarms,
    AlertLevel,
    alert_words,
    false_alarm_problems,
)
from tierwatch.config.judge import JudgeConfig
from tierwatch.config.tolerance import (
    ObjectiveSection,
    Tolerances,
    tolerance_of,
    tolerance_problems,
)
from tierwatch.routing.config.reading.document import Document, Problem, not_accepted
from tierwatch.routing.config.reading.fields import (
    Count,
    OpenShare,
    Section,
    Share,
    number_above,
    read_open_share,
    yaml_off,
)


def _read_alpha(value: object) -> float | str:
    if value == "tolerance":
        return "tolerance"
    try:
        return read_open_share(value)
    except ValueError:
        raise not_accepted("tolerance, or a number above 0 and below 1") from None


def _read_approvals(value: object) -> int:
    if value in (1, 2) and not isinstance(value, bool):
        return int(str(value))
    raise not_accepted("1 or 2")


# Of the pairs that may be compared with the top tier directly, where nothing else is said.
_DIRECT_SHARE, _DIRECT_SHARE_OF_AN_OBJECTIVE = 0.01, 0.1


Mode = Annotated[Literal["off", "propose", "auto"], BeforeValidator(yaml_off)]


class RetuneConfig(Section):
    """How thresholds are proposed, under ``evaluation.retune``."""

    mode: Mode = Field(
        default="propose",
        description="propose waits for a person; auto approves what is certified.",
    )
    step: OpenShare = Field(
        default=0.1, description="Largest change of a threshold in one proposal."
    )
    alpha: Annotated[float | Literal["tolerance"], PlainValidator(_read_alpha)] = Field(
        default="tolerance", description="Misroute rate that a threshold is certified to keep."
    )
    delta: OpenShare = Field(
        default=0.05, description="Chance that a certificate is wrong, in total."
    )
    min_pairs: Count = Field(
        default=200, description="Pairs of a tier before anything is proposed."
    )
    judge_errors: Literal["ignore", "correct"] = Field(
        default="ignore",
        description="correct certifies against people's labels of the judge's verdicts, and needs"
        " hundreds of them; ignore takes the verdicts as they are.",
    )
    approvals: Annotated[int, BeforeValidator(_read_approvals)] = Field(
        default=1,
        description="Persons who have to agree before a proposal of any kind is rolled out. With 2"
        " the proposer of one made by hand is the first of them, a token counts as its owner, and"
        " no mode is auto.",
    )
    own_proposals: Literal["another", "anybody"] = Field(
        default="another",
        description="Who may approve what a person proposed by hand: another person, or anybody,"
        " the proposer too.",
    )


class RefitConfig(Section):
    """How models learned from judged pairs are proposed, under ``evaluation.refit``."""

    mode: Mode = Field(
        default="propose",
        description="For classifiers of kind local. propose waits for a person; auto approves what"
        " is certified.",
    )
    delta: OpenShare = Field(
        default=0.05,
        description="Chance that a model which is no better is ever proposed in place of the same"
        " one, and that a certificate is wrong, in total.",
    )
    min_pairs: Count = Field(
        default=300,
        description="Held-out pairs of the first comparison with a model; the n-th waits for n"
        " times as many.",
    )


class RolloutConfig(Section):
    """How an approved policy is introduced, under ``evaluation.rollout``."""

    share: Share = Field(default=0.2, description="Share of sessions that get the candidate first.")
    min_pairs: Count = Field(
        default=100, description="Pairs under the candidate before it is completed."
    )


class EvaluationConfig(Section):
    """The ``evaluation`` section; ``tolerance`` names every tier but the top once loaded."""

    sample_rate: Share = Field(
        default=0.05, description="Share of kept exchanges that is captured."
    )
    probe_down_rate: Share | None = Field(
        default=None,
        description="Share of escalated exchanges probed on the tier below. Default: a third of"
        " `sample_rate` in a middle tier, all of it in the top tier. Above 0 with `objective`,"
        " whose test needs to see what a tier would make of requests it does not keep.",
    )
    direct_share: Share | None = Field(
        default=None,
        description="Share of the pairs of each tier two or more below the top that the top tier"
        " answers as well: what these requests lose against it is then measured and not assumed."
        " Default: 0.1 with `objective`, which certifies nothing such a tier serves without them,"
        " else 0.01. With two tiers every pair is such a comparison, and no other is made.",
    )
    burst: Annotated[float, number_above(1, or_equal=True)] = Field(
        default=10.0,
        description="How many times as densely a segment is sampled while it is suspected of"
        " exceeding its tolerance, within the day's budget. 1 never samples more than planned.",
    )
    budget_usd_per_day: Annotated[float, number_above(0, or_equal=True)] | None = Field(
        default=None,
        description="What shadow answers, judging, anchors and probes may cost in a day. What an"
        " alert asks for is counted and not held back. Default: no limit.",
    )
    tolerance: Tolerances = Field(
        default_factory=dict[str, float],
        description="Misroute rate that must not be exceeded: one number, or `tier: number`; tier"
        " `cache` is the answers of `gateway.cache`. Default: 0.05 for each tier.",
    )
    objective: ObjectiveSection | None = Field(default=None, description="Instead of `tolerance`.")
    judge: JudgeConfig | None = Field(
        default=None, description="Who compares answers. Default: no judge."
    )
    retune: RetuneConfig = Field(default=RetuneConfig(), description="How thresholds are proposed.")
    refit: RefitConfig = Field(
        default=RefitConfig(), description="How models learned from judged pairs are proposed."
    )
    rollout: RolloutConfig = Field(
        default=RolloutConfig(), description="How an approved policy is introduced."
    )
    alert_level: AlertLevel = Field(
        default=DEFAULT_LEVEL,
        description="Evidence at which an alert opens; 1e7 is at most 1 % per 100,000 pairs.",
    )
    false_alarms: AcceptedFalseAlarms | None = Field(
        default=None,
        description="Instead of `alert_level`, which follows from it: chance of a false alarm that"
        " is accepted, as `1 % per 100,000 pairs`.",
    )
    min_pairs: Count = Field(
        default=30, description="Fewer pairs in a segment are reported as no data."
    )
    retention_days: Count = Field(
        default=90, description="Days for which the text of samples is kept."
    )
    media: bool = Field(
        default=True,
        description="Whether images, audio and files of samples are kept, sealed, to be shown to"
        " the other tier as well. Without `TIERWATCH_MEDIA_KEY` none are, and requests that hold"
        " some are outside the evidence.",
    )
    media_days: Count = Field(
        default=7, description="Days for which images, audio and files of samples are kept."
    )
    figures_days: Count = Field(
        default=400,
        description="Days for which figures, verdicts, outcomes and counts are kept; whole months"
        " go. Reports cover what is kept.",
    )

    @property
    def alert_words(self) -> str:
        """When an alert opens and what that promises, as a person reads it."""
        return alert_words(self.alert_level, self.false_alarms)


def resolved_evaluation(
    evaluation: EvaluationConfig, below_top: Sequence[str], judge: JudgeConfig | None
) -> EvaluationConfig:
    """The section with what follows from it: tolerances, the alert level, direct comparisons.

    Args:
        evaluation: the section, without problems.
        below_top: every tier but the top one.
        judge: the judge, resolved.
    """
    given, objective = evaluation.tolerance, evaluation.objective
    tolerance = {tier: tolerance_of(tier, given, objective) for tier in below_top}
    alarms = evaluation.false_alarms
    return evaluation.model_copy(
        update={
            "tolerance": MappingProxyType(tolerance),
            "alert_level": evaluation.alert_level if alarms is None else alarms.level,
            "direct_share": _direct_share(evaluation, below_top),
            "judge": judge,
        }
    )


def _direct_share(evaluation: EvaluationConfig, below_top: Sequence[str]) -> float:
    """What is asked for or the default; 0 with two tiers, where nothing could be drawn."""
    if len(below_top) < 2:  # noqa: PLR2004 - tiers below the top, of which the upper is next to it
        return 0.0
    if evaluation.direct_share is not None:
        return evaluation.direct_share
    return _DIRECT_SHARE if evaluation.objective is None else _DIRECT_SHARE_OF_AN_OBJECTIVE


def evaluation_problems(
    document: Document, evaluation: EvaluationConfig, below_top: Sequence[str]
) -> list[Problem]:
    """What one value of the section demands of another; the judge's own apart.

    Args:
        document: the file.
        evaluation: the section.
        below_top: every tier but the top one.
    """
    problems = tolerance_problems(document, evaluation.tolerance, below_top)
    problems += false_alarm_problems(
        document,
        level_given="alert_level" in evaluation.model_fields_set,
        alarms=evaluation.false_alarms,
    )
    problems += _approval_problems(document, evaluation)
    if evaluation.objective is None:
        return problems
    if evaluation.tolerance:
        at = ("evaluation", "objective")
        problems.append(document.problem(at, "tolerance as well", "one of the two"))
    retune = evaluation.retune
    beside_an_objective = [
        (("retune", "alpha"), str(retune.alpha), "tolerance", retune.alpha != "tolerance"),
        (("retune", "judge_errors"), "correct", "ignore", retune.judge_errors == "correct"),
        (
            ("probe_down_rate",),
            "0, by which nobody sees what a tier would make of requests it does not keep",
            "above 0, or left out",
            evaluation.probe_down_rate == 0,
        ),
    ]
    problems += [
        document.problem(("evaluation", *path), found, f"{accepted}, with evaluation.objective")
        for path, found, accepted, refused in beside_an_objective
        if refused
    ]
    return problems


def _approval_problems(document: Document, evaluation: EvaluationConfig) -> list[Problem]:
    """What approves by itself, or alone, where two persons have to agree."""
    if evaluation.retune.approvals == 1:
        return []
    alone = [
        (("retune", "mode"), "auto", "off or propose", evaluation.retune.mode == "auto"),
        (("refit", "mode"), "auto", "off or propose", evaluation.refit.mode == "auto"),
        (
            ("retune", "own_proposals"),
            "anybody",
            "another",
            evaluation.retune.own_proposals == "anybody",
        ),
    ]
    return [
        document.problem(
            ("evaluation", *path), found, f"{accepted}, with evaluation.retune.approvals: 2"
        )
        for path, found, accepted, refused in alone
        if refused
    ]
