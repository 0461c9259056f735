"""What the page of a proposal shows of its evidence, by what was compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwatch.dashboard.figures import Figure, figure


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
    """A proposed model beside the active one, on held-out pairs (`loop.improve.refit`).

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


def objective_figures(evidence: Mapping[str, Any]) -> ObjectiveFigures | None:
    """What the proposal page shows of a test of all tiers; None where its tier was tested alone."""
    test = evidence.get("objective")
    if test is None:
        return None
    promised = evidence["promised"]
    return ObjectiveFigures(
        quality=test["quality"],
        top=test["top"],
        allowed=test["allowed"],
        loss_now=figure(test["loss_now"]),
        loss_then=figure(test["loss_then"]),
        bound=test["bound_then"],
        saved_usd_per_thousand=1_000 * test["saved_usd_per_request"],
        kept=tuple(
            KeptLine(tier, now, test["kept_then"][tier], promised.get(tier))
            for tier, now in test["kept_now"].items()
        ),
    )


def model_figures(evidence: Mapping[str, Any]) -> ModelFigures:
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


def replay_figures(replay: Mapping[str, Any] | None, tier: str) -> ReplayFigures | None:
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
