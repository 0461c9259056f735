"""Stored documents of alerts and proposals, as their first versions wrote them, without a number.

Each function gives a document that can be read, with the given keys in place of its own.
"""

from typing import Any

JUDGE = "pairwise/v2/judge-1"


def estimate(value: float | None, n: int = 100) -> dict[str, Any]:
    """An estimate as evidence stores it."""
    return {"value": value, "low": 0.02, "high": 0.2, "n": n, "method": "judge rate"}


def misroute(**changes: Any) -> dict[str, Any]:
    """Of a misroute alert; ``conversations`` and ``relative`` came a day later."""
    return {
        "estimate": estimate(0.12, 40),
        "whole_stream": estimate(0.08, 400),
        "tolerance": 0.05,
        "statistic": 2.5e7,
        "level": 1e7,
        "stream": f"simple|all|p1|simple-1|{JUDGE}",
        "policy_version": 1,
        "judge_version": JUDGE,
        "first_outcome": 361,
        "first_pair": "0192f3a1-0000-7000-8000-000000000001",
        "first_request": 861,
        "last_pair": "0192f3a1-0000-7000-8000-000000000002",
        "last_request": 900,
        "worst": [
            {
                "pair": "0192f3a1-0000-7000-8000-000000000001",
                "confidence": 0.98,
                "request": 861,
            }
        ],
    } | changes


def relative(**changes: Any) -> dict[str, Any]:
    """Of a relative alert."""
    return {
        "at": 512,
        "before": 0.01,
        "after": 0.09,
        "method": "ADWIN, delta 0.002, of the stream's own past",
        "observations": 600,
        "whole_stream": estimate(0.02, 600),
    } | changes


def past(**changes: Any) -> dict[str, Any]:
    """Of an alert against the past."""
    return {
        "readings": [{"change": "tier_worse", "tier": "simple", "signs": "+0", "share": 0.9}],
        "shifts": [
            {"lower": "simple", "upper": "standard", "pairs": 80, "before": 0.1, "after": 0.3}
        ],
        "statistic": 2.1e7,
        "level": 2e7,
        "conversations": 2_000,
        "since": 1_900,
        "judge_version": JUDGE,
        "model": "simple-1",
    } | changes


def input_drift(**changes: Any) -> dict[str, Any]:
    """Of an input drift alert."""
    return {
        "policy_version": 3,
        "requests": 40_000,
        "statistic": 1.2e7,
        "level": 1e7,
        "bins_before": [0] * 19 + [39_000],
        "bins_after": [500] + [0] * 18 + [500],
    } | changes


def judge_drift(**changes: Any) -> dict[str, Any]:
    """Of a judge drift alert."""
    return {
        "direction": "to_worse",
        "judge_version": JUDGE,
        "flips": 60,
        "items": 200,
        "statistic": 3.1e4,
        "level": 1e4,
        "tolerance": 0.05,
    } | changes


def judge_orders(**changes: Any) -> dict[str, Any]:
    """Of an alert that says that the judge goes by the order of the answers."""
    return {
        "judge_version": JUDGE,
        "inconclusive": 90,
        "verdicts": 150,
        "statistic": 3.1e7,
        "level": 1e7,
        "tolerance": 0.4,
    } | changes


def not_trusted(**changes: Any) -> dict[str, Any]:
    """Of an alert that says that the judge may not be believed."""
    return {
        "judge_version": JUDGE,
        "right": 102,
        "anchors": 408,
        "low": 0.187,
        "high": 0.321,
        "least": 0.5,
    } | changes


def model_drift(**changes: Any) -> dict[str, Any]:
    """Of a model drift alert."""
    return {
        "model": "simple-1",
        "flips": 40,
        "items": 110,
        "statistic": 3.1e4,
        "level": 1e4,
        "tolerance": 0.05,
    } | changes


def capture(**changes: Any) -> dict[str, Any]:
    """Of a capture alert."""
    return {
        "eligible": 100_000,
        "expected": 5_000.5,
        "captured": 3_900,
        "statistic": 1.5e5,
    } | changes


def fleet(**changes: Any) -> dict[str, Any]:
    """Of a fleet alert."""
    return {
        "policy_version": 2,
        "active_tiers": ["simple", "medium"],
        "file_tiers": ["simple", "standard"],
    } | changes


def budget(**changes: Any) -> dict[str, Any]:
    """Of a budget alert."""
    return {"spent_usd": 25.01, "budget_usd": 25} | changes


def no_data(**changes: Any) -> dict[str, Any]:
    """Of an alert that says that data has stopped."""
    return {
        "what": "traffic",
        "last_at": "2026-11-23T10:00:00+00:00",
        "silent_s": 1_200.0,
        "expected": 20,
    } | changes


def threshold(**changes: Any) -> dict[str, Any]:
    """Of a threshold's proposal; ``reason``, ``judge_errors`` and ``replay`` came later."""
    return {
        "alpha": 0.05,
        "delta": 0.025,
        "k": 0,
        "judge_version": JUDGE,
        "first_outcome": 1,
        "last_outcome": 400,
        "kept_now": estimate(0.09),
        "mean_cost_usd": {"lower": 0.001, "upper": 0.01},
        "bounds": [
            {"threshold": 0.8, "bound": 0.048, "pairs": 300},
            {"threshold": 0.79, "bound": 0.052, "pairs": 310},
        ],
    } | changes


def together(**changes: Any) -> dict[str, Any]:
    """All tiers, in the evidence of a proposal under an objective."""
    return {
        "quality": 0.95,
        "top": "complex",
        "allowed": 0.05,
        "loss_now": estimate(0.031),
        "loss_then": {**estimate(0.04), "high": None},
        "bound_then": 0.048,
        "certified": True,
        "kept_now": {"simple": 0.4, "standard": 0.8},
        "kept_then": {"simple": 0.5, "standard": 0.8},
        "saved_usd_per_request": 0.0004,
        "target": {"simple": 0.55, "standard": 0.7},
    } | changes


def objective(**changes: Any) -> dict[str, Any]:
    """Of a proposal under an objective; bounds had no ``pairs`` at first."""
    return {
        "delta": 0.025,
        "k": 0,
        "judge_version": JUDGE,
        "first_outcome": 1,
        "last_outcome": 400,
        "replay": None,
        "alpha": None,
        "objective": together(),
        "promised": {"simple": 0.07, "standard": 0.04},
        "kept_now": estimate(0.03),
        "mean_cost_usd": {"lower": 0.001, "upper": 0.01},
        "bounds": [{"threshold": 0.7, "bound": 0.041}],
    } | changes


def model(**changes: Any) -> dict[str, Any]:
    """Of a model's proposal; ``type_offsets`` came later."""
    return {
        "held_out": {"pairs": 240, "conversations": 198.5},
        "log_loss": {"incumbent": 0.69, "candidate": 0.41, "gain": estimate(0.28)},
        "apgr": {"incumbent": None, "candidate": None, "gain": estimate(None, 0)},
        "kept_now": estimate(0.09),
        "misroute_change": {**estimate(-0.03), "low": -0.05, "high": -0.01},
        "threshold": 0.62,
        "candidate_pairs": 1_200,
        "candidate_position": 1_200,
        "candidate_author": "tierwatch",
        "reason": "",
        "bounds": [],
        "judge_version": JUDGE,
        "alpha": None,
        "delta": 0.025,
        "k": 0,
        "incumbent_id": 0,
        "incumbent_pairs": 0,
        "first_position": 1_201,
        "last_position": 1_440,
    } | changes


def replacement(**changes: Any) -> dict[str, Any]:
    """Of a proposal of another model for a tier."""
    return {
        "trial_id": 1,
        "served": "simple-1",
        "candidate": "small-2",
        "provider": "lab",
        "model": {"model": "small-2", "effort": "", "instead_of": "simple-1"},
        "price": {
            "input_usd_per_mtok": 0.1,
            "output_usd_per_mtok": 0.2,
            "cached_input_usd_per_mtok": None,
            "cache_write_usd_per_mtok": None,
        },
        "net": {**estimate(0.01, 400), "low": -0.03, "high": 0.045},
        "worse": estimate(0.05, 400),
        "better": estimate(0.04, 400),
        "worse_by": 0.05,
        "delta": 0.025,
        "pairs": 400,
        "unanswered": 3,
        "contradictions": 40,
        "unscored": 2,
        "by_type": {
            "code": {"worse": 15, "better": 5, "ties": 80},
            "prose": {"worse": 5, "better": 11, "ties": 284},
        },
        "misroute_now": estimate(0.04),
        "promised": 0.2,
        "day": {"usd": 12.0, "change_usd": -6.0},
        "spent_usd": 1.25,
        "judge_version": JUDGE,
        "reason": "small-2 was materially worse in 5.0 %",
    } | changes


def predicted(**changes: Any) -> dict[str, Any]:
    """What a proposal predicts."""
    return {
        "misroute": estimate(0.031),
        "cost_change": estimate(0.125),
        "kept": estimate(0.4),
    } | changes


def replay(tier: str = "simple", **changes: Any) -> dict[str, Any]:
    """Of a candidate policy on past pairs."""
    boundary = {
        "tier": tier,
        "threshold_now": 0.7,
        "threshold": 0.8,
        "kept": estimate(0.4),
        "misroute": estimate(0.03),
        "misroute_robust": estimate(None, 0),
        "misroute_now": estimate(0.09),
        "misroutes_change": {**estimate(-0.01), "low": None, "high": None},
        "cost_change": estimate(0.12),
        "effective": 210.4,
        "effective_moved": 61.0,
        "refused": None,
    }
    return {
        "boundaries": [boundary],
        "quality_change": estimate(0.01),
        "cost_change": estimate(0.12),
        "refused": None,
    } | changes


def attribution(**changes: Any) -> dict[str, Any]:
    """Of an alert."""
    parts = ("change", "mix", "within", "judge", "quality")
    return {
        "cause": "mix",
        "sentence": "The judged rate rose from 3.8 % to 11.0 %; cause mix: other traffic.",
        "parts": {name: estimate(0.07) for name in parts},
        "evidence": {
            "rate_before": 0.038,
            "rate_after": 0.11,
            "segments": [
                {
                    "key": "simple/all/0.9-1.0",
                    "share_before": 0.1,
                    "share_after": 0.5,
                    "rate_before": 0.2,
                    "rate_after": None,
                    "mix": 0.07,
                    "within": 0.0,
                }
            ],
            "probes": estimate(None, 0),
            "probes_p": None,
            "others_p": {"standard": 0.4},
            "reason": "the make-up of the traffic has changed",
        },
    } | changes


ALERTS = {
    "misroute": misroute,
    "relative": relative,
    "past": past,
    "input_drift": input_drift,
    "judge_drift": judge_drift,
    "judge_orders": judge_orders,
    "not_trusted": not_trusted,
    "model_drift": model_drift,
    "capture": capture,
    "budget": budget,
    "no_data": no_data,
    "fleet": fleet,
}
