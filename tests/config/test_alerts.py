"""How people are notified of alerts."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, told

PROBLEMS = [
    ("no_data: 5m", "no_data: found '5m'; accepted a duration of 15m or more, such as 30m, or off"),
    (
        "heartbeat: {url: ftp://x}",
        (
            "heartbeat.url: found a value that is not shown, since it may be secret; accepted a URL"
            " such as https://api.openai.com/v1, without user or password"
        ),
    ),
    (
        "heartbeat: {url: env:BEAT, every: 1s}",
        "heartbeat.every: found '1s'; accepted a duration of 10s or more, such as 1m",
    ),
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


def test_silence_and_a_heartbeat_are_chosen(tmp_path: Path) -> None:
    alerts = load(tmp_path, ARTICLE).alerts
    assert (alerts.no_data_s, alerts.heartbeat) == (900.0, None)
    section = "alerts: {no_data: off, heartbeat: {url: env:BEAT}}\n"
    alerts = load(tmp_path, ARTICLE + section).alerts
    assert alerts.no_data_s == "off"
    assert alerts.heartbeat is not None
    assert alerts.heartbeat.every_s == 60.0
    assert alerts.heartbeat.target({"BEAT": "https://b/x"}) == "https://b/x"
