"""What each page shows: one frozen dataclass a page, and the function that fills it.

A template receives its page as ``page`` and nothing else but the frame around every page.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.passages import Passage, conversation, passage
from tierwatch.dashboard.standing import Standing, standing
from tierwatch.store.costs import spent_today
from tierwatch.store.pages import alerts_and_proposals as reading
from tierwatch.store.pages import pairs as reading_pairs


@dataclass(frozen=True, slots=True)
class LoginPage:
    """The login form; ``wanted`` is where to go afterwards."""

    name: str
    problem: str
    wanted: str


@dataclass(frozen=True, slots=True)
class PasswordPage:
    """The form to change one's password."""

    problem: str
    one_time: bool
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong, in one sentence, and where to go."""

    status: int
    title: str
    message: str
    back: str


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """Alerts, newest first; ``before`` leads to older ones."""

    alerts: tuple[reading.Alert, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class WorstPair:
    """A pair of an alert's evidence: the confidence that kept it was the highest.

    ``asked`` is the beginning of the last message, and ``said`` of the judge's reason; both are
    empty once the text is gone.
    """

    pair: str
    request: int | None
    confidence: float | None
    asked: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of telling one destination of one event of an alert."""

    event: str
    destination: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of the change behind an alert, as a difference of rates."""

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class AlertPage:
    """An alert with its evidence; ``other`` is what of it has no place of its own.

    ``cause`` is the sentence of its attribution, empty when there is none; ``parts`` and
    ``segments`` are the numbers behind it.
    """

    alert: reading.Alert
    cause: str
    parts: tuple[PartLine, ...]
    segments: tuple[dict[str, Any], ...]
    estimate: Figure | None
    whole_stream: Figure | None
    tolerance: float | None
    first: WorstPair | None
    last: WorstPair | None
    worst: tuple[WorstPair, ...]
    other: tuple[tuple[str, str], ...]
    told: tuple[Told, ...]
    proposals: tuple[reading.Proposal, ...]
    history: tuple[reading.AuditLine, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class ProposalsPage:
    """Proposals, newest first."""

    proposals: tuple[reading.Proposal, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class BoundLine:
    """A threshold that was tested: the upper bound of its misroute rate, and whether it passed."""

    threshold: float
    bound: float
    pairs: int
    passed: bool
    proposed: bool
    current: bool


@dataclass(frozen=True, slots=True)
class ReplayFigures:
    """The proposed threshold replayed on past pairs; ``refused`` says where there are too few."""

    refused: str
    effective: float
    effective_moved: float
    misroute: Figure | None
    robust: Figure | None
    quality_change: Figure | None
    cost_change: Figure | None


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """A proposed model beside the one in force, on held-out pairs (`loop.improve.refit`).

    ``offsets`` are of the types that move the proposed model's chances, (type, that the higher
    tier's answer is better, that the lower's is) in log-odds.
    """

    conversations: float
    learned: int
    learned_before: int | None
    author: str
    log_loss: tuple[float | None, float | None]
    log_loss_gain: Figure | None
    apgr: tuple[float | None, float | None]
    apgr_gain: Figure | None
    misroute_change: Figure | None
    offsets: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class KeptLine:
    """Share of requests served by a tier or a cheaper one, and what is promised of the tier."""

    tier: str
    now: float
    then: float
    promised: float | None


@dataclass(frozen=True, slots=True)
class ObjectiveFigures:
    """What all tiers together lose against always the top one (`loop.improve.objective`)."""

    quality: float
    top: str
    allowed: float
    loss_now: Figure | None
    loss_then: Figure | None
    bound: float
    saved_usd_per_thousand: float
    kept: tuple[KeptLine, ...]


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A proposal and what is needed to decide it."""

    proposal: reading.Proposal
    misroute_now: Figure | None
    misroute: Figure | None
    cost_change: Figure | None
    kept: Figure | None
    alpha: float | None
    delta: float | None
    judge_version: str
    reason: str
    judge_corrected: bool
    replay: ReplayFigures | None
    model: ModelFigures | None
    objective: ObjectiveFigures | None
    bounds: tuple[BoundLine, ...]
    in_force_version: int | None
    rollout_share: float
    history: tuple[reading.AuditLine, ...]
    problem: str
    why: str

    @property
    def outdated(self) -> bool:
        """Whether other thresholds came into force since the proposal was made."""
        return self.in_force_version is not None and (
            self.proposal.base_version != self.in_force_version
        )


@dataclass(frozen=True, slots=True)
class PairsPage:
    """Pairs that match a filter, newest first."""

    wanted: reading_pairs.PairFilter
    tiers: tuple[str, ...]
    pairs: tuple[reading_pairs.PairLine, ...]
    before: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class PairPage:
    """A pair: what was asked, both answers, what the judge said. Texts are None once expired."""

    pair: reading_pairs.Pair
    conversation: tuple[Passage, ...] | None
    older: int
    served: Passage | None
    alternative: Passage | None


@dataclass(frozen=True, slots=True)
class PoliciesPage:
    """Versions of the thresholds, and which is in force."""

    policies: tuple[reading.PolicyLine, ...]
    tiers: tuple[str, ...]
    in_force: reading.InForce | None
    before: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Who did what, newest first."""

    lines: tuple[reading.AuditLine, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class JudgePage:
    """What the judge did, version by version, how far it may be believed, what never reached it."""

    standing: Standing
    versions: tuple[reading.JudgeVersion, ...]
    failures: dict[str, int]
    spent_today_usd: float
    budget_usd_per_day: float | None


def alerts_page(connection: Connection, before: int | None) -> AlertsPage:
    """A page of alerts."""
    found = tuple(reading.alerts(connection, before=before))
    return AlertsPage(alerts=found, before=found[-1].id if len(found) == reading.PAGE else None)


# Evidence that the alert's page shows in places of its own; the rest is listed by name.
_PLACED = {
    "estimate",
    "whole_stream",
    "tolerance",
    "first_pair",
    "first_request",
    "last_pair",
    "last_request",
    "worst",
}


def alert_page(connection: Connection, alert_id: int, *, problem: str = "") -> AlertPage | None:
    """An alert's page, or None when there is no such alert."""
    found = reading.alert(connection, alert_id)
    if found is None:
        return None
    evidence, attribution = found.evidence, found.attribution or {}
    return AlertPage(
        alert=found,
        cause=str(attribution.get("sentence") or ""),
        parts=tuple(_part_lines(attribution.get("parts") or {})),
        segments=tuple(attribution.get("evidence", {}).get("segments") or ()),
        estimate=figure(evidence.get("estimate")),
        whole_stream=figure(evidence.get("whole_stream")),
        tolerance=evidence.get("tolerance"),
        first=_end(evidence, "first"),
        last=_end(evidence, "last"),
        worst=tuple(
            _worst_pair(connection, item) for item in (evidence.get("worst") or ())[:_MOST_WORST]
        ),
        other=tuple(
            (name.replace("_", " "), _told(value))
            for name, value in evidence.items()
            if name not in _PLACED and value is not None
        ),
        told=tuple(_deliveries(found.delivered)),
        proposals=tuple(reading.proposals(connection, alert_id=alert_id)),
        history=tuple(reading.audit_lines(connection, subject=f"alert/{alert_id}")),
        problem=problem,
    )


# A line of a table on a wide screen, two on a phone.
_LINE = 160
# Each is looked up; observe keeps ten.
_MOST_WORST = 10


# What each part of a change is called on the page, in the order of the sum.
_PARTS = (
    ("change", "The whole change"),
    ("mix", "Other traffic (mix)"),
    ("within", "The same traffic, other verdicts"),
    ("judge", "of this, the judge's own change"),
    ("quality", "of this, the answers"),
)


def _part_lines(parts: Mapping[str, Any]) -> Iterator[PartLine]:
    for name, words in _PARTS:
        found = figure(parts.get(name))
        if found is not None:
            yield PartLine(words, found)


def _worst_pair(connection: Connection, item: Mapping[str, Any]) -> WorstPair:
    name = str(item.get("pair"))
    try:
        found = reading_pairs.pair(connection, uuid.UUID(name))
    except ValueError:
        found = None
    asked = said = ""
    if found is not None and found.request is not None:
        messages, _ = conversation(found.request)
        asked = _beginning(messages[-1].text) if messages else ""
    if found is not None and found.verdicts:
        said = _beginning(found.verdicts[0].reason)
    return WorstPair(name, item.get("request"), item.get("confidence"), asked, said)


def _beginning(text: str) -> str:
    r"""The text on one line, cut where it is long.

    >>> _beginning("two\n lines"), len(_beginning("x" * 1_000))
    ('two lines', 160)
    """
    line = " ".join(text.split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"


def _deliveries(delivered: list[Any]) -> Iterator[Told]:
    for event in delivered:
        for one in event.get("deliveries") or ():
            yield Told(
                event=str(event.get("type") or ""),
                destination=str(one.get("destination") or ""),
                ok=bool(one.get("ok")),
                detail=str(one.get("detail") or ""),
            )


def proposals_page(connection: Connection, before: int | None) -> ProposalsPage:
    """A page of proposals."""
    found = tuple(reading.proposals(connection, before=before))
    older = found[-1].id if len(found) == reading.PAGE else None
    return ProposalsPage(proposals=found, before=older)


def proposal_page(
    connection: Connection, proposal_id: int, config: Config, *, problem: str = "", why: str = ""
) -> ProposalPage | None:
    """A proposal's page, or None when there is no such proposal."""
    found = reading.proposal(connection, proposal_id)
    if found is None:
        return None
    evidence, predicted = found.evidence, found.predicted
    alpha = evidence.get("alpha")
    objective = _objective_figures(evidence)
    limit = alpha if objective is None else objective.allowed
    in_force = reading.in_force(connection)
    return ProposalPage(
        proposal=found,
        misroute_now=figure(evidence.get("kept_now")),
        misroute=figure(predicted.get("misroute")),
        cost_change=figure(predicted.get("cost_change")),
        kept=figure(predicted.get("kept")),
        alpha=alpha,
        delta=evidence.get("delta"),
        judge_version=str(evidence.get("judge_version") or ""),
        reason=str(evidence.get("reason") or ""),
        judge_corrected=bool(evidence.get("judge_errors")),
        replay=_replay_figures(evidence.get("replay"), found.tier),
        model=_model_figures(evidence) if found.kind == "model" else None,
        objective=objective,
        bounds=tuple(
            BoundLine(
                threshold=item["threshold"],
                bound=item["bound"],
                pairs=item["pairs"],
                passed=limit is not None and item["bound"] <= limit,
                proposed=item["threshold"] == found.to_threshold,
                current=item["threshold"] == found.from_threshold,
            )
            for item in evidence.get("bounds") or ()
        ),
        in_force_version=None if in_force is None else in_force.stable_version,
        rollout_share=config.evaluation.rollout.share,
        history=tuple(reading.audit_lines(connection, subject=f"proposal/{proposal_id}")),
        problem=problem,
        why=why,
    )


def _objective_figures(evidence: Mapping[str, Any]) -> ObjectiveFigures | None:
    """What the proposal page shows of a test of all tiers; None where its tier was tested alone."""
    told = evidence.get("objective")
    if told is None:
        return None
    promised = evidence["promised"]
    return ObjectiveFigures(
        quality=told["quality"],
        top=told["top"],
        allowed=told["allowed"],
        loss_now=figure(told["loss_now"]),
        loss_then=figure(told["loss_then"]),
        bound=told["bound_then"],
        saved_usd_per_thousand=1_000 * told["saved_usd_per_request"],
        kept=tuple(
            KeptLine(tier, now, told["kept_then"][tier], promised.get(tier))
            for tier, now in told["kept_now"].items()
        ),
    )


def _model_figures(evidence: Mapping[str, Any]) -> ModelFigures:
    """What the proposal page shows of a comparison of models."""
    loss, area = evidence["log_loss"], evidence["apgr"]
    return ModelFigures(
        conversations=evidence["held_out"]["conversations"],
        learned=evidence["candidate_pairs"],
        learned_before=evidence.get("incumbent_pairs"),
        author=evidence["candidate_author"],
        log_loss=(loss["incumbent"], loss["candidate"]),
        log_loss_gain=figure(loss["gain"]),
        apgr=(area["incumbent"], area["candidate"]),
        apgr_gain=figure(area["gain"]),
        misroute_change=figure(evidence["misroute_change"]),
        offsets=tuple(
            (name, *offsets)
            for name, offsets in sorted(
                evidence.get("type_offsets", {}).get("by_type", {}).items(),
                key=lambda item: -abs(item[1][0]),
            )
        ),
    )


def _replay_figures(replay: Mapping[str, Any] | None, tier: str) -> ReplayFigures | None:
    """What the proposal page shows of a stored replay (`loop.improve.replay_policy`)."""
    boundaries = [] if not replay else replay["boundaries"]
    found = next((one for one in boundaries if one["tier"] == tier), None)
    if replay is None or found is None:
        return None
    return ReplayFigures(
        refused=str(replay["refused"] or ""),
        effective=found["effective"],
        effective_moved=found["effective_moved"],
        misroute=figure(found["misroute"]),
        robust=figure(found["misroute_robust"]),
        quality_change=figure(replay["quality_change"]),
        cost_change=figure(replay["cost_change"]),
    )


def pairs_page(
    connection: Connection,
    config: Config,
    wanted: reading_pairs.PairFilter,
    before: uuid.UUID | None,
) -> PairsPage:
    """A page of pairs."""
    found = tuple(reading_pairs.pairs(connection, wanted, before=before))
    older = found[-1].id if len(found) == reading.PAGE else None
    return PairsPage(wanted=wanted, tiers=config.serving, pairs=found, before=older)


def pair_page(connection: Connection, pair_id: uuid.UUID) -> PairPage | None:
    """A pair's page, or None when there is no such exchange."""
    found = reading_pairs.pair(connection, pair_id)
    if found is None:
        return None
    said, older = (None, 0) if found.request is None else conversation(found.request)
    return PairPage(
        pair=found,
        conversation=said,
        older=older,
        served=None if found.answer is None else passage(found.answer),
        alternative=None if found.alternative is None else passage(found.alternative),
    )


def policies_page(
    connection: Connection, config: Config, before: int | None, *, problem: str = ""
) -> PoliciesPage:
    """A page of policy versions."""
    found = tuple(reading.policies(connection, before=before))
    return PoliciesPage(
        policies=found,
        tiers=_tier_names(config)[:-1],
        in_force=reading.in_force(connection),
        before=found[-1].version if len(found) == reading.PAGE else None,
        problem=problem,
    )


def audit_page(connection: Connection, before: int | None) -> AuditPage:
    """A page of the audit."""
    found = tuple(reading.audit_lines(connection, before=before))
    return AuditPage(lines=found, before=found[-1].id if len(found) == reading.PAGE else None)


def judge_page(connection: Connection, config: Config) -> JudgePage:
    """The judge's page."""
    return JudgePage(
        standing=standing(connection, config),
        versions=tuple(reading.judge_versions(connection)),
        failures=reading.failure_counts(connection),
        spent_today_usd=spent_today(connection),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
    )


def _tier_names(config: Config) -> tuple[str, ...]:
    return tuple(tier.name for tier in config.tiers)


def _end(evidence: Mapping[str, Any], which: str) -> WorstPair | None:
    pair = evidence.get(f"{which}_pair")
    return None if pair is None else WorstPair(str(pair), evidence.get(f"{which}_request"), None)


def _told(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
