"""How people are notified of alerts."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, told

PROBLEMS = [
    ("repeat: 5s", "repeat: found '5s'; accepted a duration of 1m or more, such as 4h, or off"),
    ("repeat: true", "repeat: found true; accepted a duration of 1m or more, such as 4h, or off"),
    ("repeat: -1", "repeat: found -1; accepted a duration of 1m or more, such as 4h, or off"),
    ("give_up: 1m", "give_up: found '1m'; accepted a duration of 1h or more, such as 7d"),
    ("give_up: off", "give_up: found false; accepted a duration of 1h or more, such as 7d"),
]


def test_without_the_section_alerts_are_repeated_and_tried_for_a_week(tmp_path: Path) -> None:
    alerts = load(tmp_path, ARTICLE).alerts
    assert (alerts.repeat_s, alerts.give_up_s) == (4 * 3_600, 7 * 86_400)


@pytest.mark.parametrize(
    ("written", "repeat_s"), [("off", "off"), ("'off'", "off"), ("1h30m", 5_400.0), ("60", 60.0)]
)
def test_repeating_is_chosen_or_off(tmp_path: Path, written: str, repeat_s: float | str) -> None:
    assert load(tmp_path, ARTICLE + f"alerts: {{repeat: {written}}}\n").alerts.repeat_s == repeat_s


@pytest.mark.parametrize(("section", "sentence"), PROBLEMS)
def test_what_is_not_accepted(tmp_path: Path, section: str, sentence: str) -> None:
    [problem] = told(tmp_path, "routing:", f"alerts: {{{section}}}\nrouting:")
    assert problem == f"1: alerts.{sentence}"
