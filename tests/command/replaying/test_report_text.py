"""The report on the terminal."""

from typing import Any

import pytest

from tierwatch.command.replaying.report_text import show_report


def report(saving_net: float | None, unpriced: list[str]) -> dict[str, Any]:
    return {
        "tiers": {}, "alerts": [], "proposals": [], "recorded_quality": None, "objective": None,
        "captured": 0, "judged": 0, "unscored": 0, "failed": 0, "dropped": 0, "pending": 0,
        "cost_usd": 1.0, "cost_top_tier_usd": 4.0, "saving": None if saving_net is None else 0.75,
        "saving_net_of_evaluation": saving_net, "evaluation_cost_usd": 5.5, "thresholds": {},
        "policy_version": 1,
        "costs": {
            "serving_usd": 1.0, "classifier_usd": 0.5, "shadow_usd": 2.0, "judge_usd": 3.0,
            "checks_usd": 0.5, "unpriced": unpriced,
        },
    }  # fmt: skip


def test_the_terminal_shows_a_net_loss_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(report(-0.75, []))
    told = capsys.readouterr().out
    assert "saved 75 %" in told
    assert (
        "net of classifier and evaluation: -75 % (classifier 0.50, shadow answers 2.00, judge 3.00,"
        " checks 0.50 USD)" in told
    )
    assert "watching costs more than routing saves" in told
    show_report(report(0.4, ["evaluation.judge"]))
    told = capsys.readouterr().out
    assert "costs more than" not in told
    assert "net of classifier and evaluation: at most 40 %" in told
    assert "no price is known for evaluation.judge" in told
    show_report(report(None, []))
    assert "net of" not in capsys.readouterr().out
