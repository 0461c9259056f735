"""A report as `build_report` returns it, with what a test says otherwise."""

from typing import Any

from tierwatch.loop.report.schema import Report


def rate(estimate: float | None = 0.1, **changes: Any) -> dict[str, Any]:
    return {"estimate": estimate, "low": 0.05, "high": 0.2, "n": 40, "method": "stand-in"} | changes


def report(**changes: Any) -> Report:
    """A small report: 1 USD served where the top tier would have cost 4."""
    tier = {
        "requests": 60,
        "unfamiliar": 2,
        "pairs": 40,
        "misroute": rate(),
        "overspend": rate(None),
    }
    tier |= {"misroute_corrected": None, "labels": 0, "inconclusive": rate(None)}
    tier |= {"misroute_supposed": None}
    found: Any = {
        "trust": None,
        "first_judge": None,
        "pace": {},
        "requests": 100, "captured": 40, "shadowed": 40, "judged": 40, "unscored": 0,
        "unscored_tasks": [], "failed": 0, "dropped": 0, "pending": 0, "cost_usd": 1.0,
        "cost_top_tier_usd": 4.0, "saving": 0.75,
        "saving_net_of_evaluation": 0.5, "evaluation_cost_usd": 0.9,
        "costs": {
            "serving_usd": 1.0, "classifier_usd": 0.1, "shadow_usd": 0.2, "judge_usd": 0.3,
            "checks_usd": 0.4, "unpriced": [],
        },
        "saving_interval": rate(), "quality_vs_top": rate(),
        "quality_vs_top_corrected": None, "objective": None,
        "recorded_quality": None,
        "second_opinion": [],
        "labels": {
            "drawn": 0, "twice": 0, "needed": 20, "disagreed": 0, "slips": rate(None),
            "same_word": rate(None), "measured": False, "sentence": "Not measured.",
        },
        "outside": {"requests": 25.0, "share": 0.25, "reasons": {"media": 25.0}, "estimated": []},
        "tiers": {"simple": tier | {"tolerance": 0.05, "state": "OK"}},
        "alerts": [], "proposals": [], "policy_version": 1, "thresholds": {"simple": 0.7},
        "model_version": 0,
    }  # fmt: skip
    return found | changes
