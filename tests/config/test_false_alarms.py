"""When an alert opens: the level itself, or the false alarms from which it follows."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from factories.config import ARTICLE, load, problems
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from tierwatch.command import main
from tierwatch.config.false_alarms import (
    FalseAlarms,
    alert_words,
    read_false_alarms,
    read_level,
)
from tierwatch.evaluation.alarms.level import level_for


@pytest.mark.parametrize(
    "written",
    [
        "1 % per 100,000 pairs",
        "1% per 100000",
        "1 %  per  100000 pairs",
        "0.01 per 100_000 pairs",
        ".01 per 100 000 pairs",
        "1 % per 1e5",
        "1e-2 / 100,000 pairs",
        " 1 % PER 100,000 Pairs ",
        "1.0 % per 100000.0 pairs",
    ],
)
def test_the_ways_of_writing_one_percent_per_100_000_pairs(written: str) -> None:
    assert read_false_alarms(written) == FalseAlarms(0.01, 100_000)


def test_one_pair_is_written_in_the_singular() -> None:
    assert read_false_alarms("5 % per 1 pair") == FalseAlarms(0.05, 1)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1 %",
        "100,000 pairs",
        "per 100,000 pairs",
        "1 % per",
        "1 % per pairs",
        "1 % per 100,00 pairs",  # neither 10,000 nor 100,000
        "1 % per 1,00,000 pairs",
        "1 % per 100,000_000 pairs",  # two ways of grouping
        "1 % per 100,000 requests",
        "1 % per 0 pairs",
        "1 % per 0.5 pairs",
        "0 % per 100,000 pairs",
        "100 % per 100,000 pairs",
        "2 per 100,000 pairs",  # a share is below 1: this is no count
        "-1 % per 100,000 pairs",
        "1e-99 per 100,000 pairs",  # a level of 1e104, above what monitors carry
        "nan per 100,000 pairs",
        "1..2 % per 100,000 pairs",
        0.01,
        1e7,
        True,
        None,
        ["1 % per 100,000 pairs"],
        {"share": 0.01, "pairs": 100_000},
    ],
)
def test_anything_else_is_told_what_is_accepted(written: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        read_false_alarms(written)
    assert "such as 1 % per 100,000 pairs or 0.01 per 100000" in str(caught.value.context)


@given(
    percent=st.integers(1, 9_999).map(lambda hundredths: hundredths / 100),
    pairs=st.integers(1, 10**12),
    grouped=st.sampled_from(["{:,}", "{:_}", "{}"]),
    per=st.sampled_from([" per ", "/", " / ", " PER "]),
    unit=st.sampled_from(["", " pairs"]),
)
def test_however_it_is_written_the_level_is_pairs_over_share(
    percent: float, pairs: int, grouped: str, per: str, unit: str
) -> None:
    alarms = read_false_alarms(f"{percent} %{per}{grouped.format(pairs)}{unit}")
    assert alarms.share == pytest.approx(percent / 100)
    assert alarms.level == pytest.approx(pairs * 100 / percent)


@given(text=st.text(alphabet="0123456789.,_ %eperpairs/-", max_size=24))
def test_no_text_is_read_as_a_level_that_monitors_refuse(text: str) -> None:
    try:
        alarms = read_false_alarms(text)
    except PydanticCustomError:
        return
    assert 0 < alarms.share < 1 <= alarms.pairs
    assert alarms.level == level_for(alarms.share, alarms.pairs) > 1


@given(share=st.floats(1e-4, 0.99), pairs=st.integers(1, 10**9))
def test_what_is_said_of_false_alarms_can_be_written_back(share: float, pairs: int) -> None:
    again = read_false_alarms(str(FalseAlarms(share, pairs)))
    assert again.share == pytest.approx(share, rel=1e-3)
    assert again.pairs == pairs


@pytest.mark.parametrize("level", [1.5, 1e7, "1e7", 1e100])
def test_levels(level: object) -> None:
    assert read_level(level) == float(str(level))


@pytest.mark.parametrize("level", [1, 0, -5, 1.1e100, "inf", float("nan"), True, None, "high", []])
def test_no_levels(level: object) -> None:
    with pytest.raises(PydanticCustomError, match="a number above 1, up to 1e100"):
        read_level(level)


def test_the_level_follows_from_the_false_alarms_in_the_file(tmp_path: Path) -> None:
    text = ARTICLE + "evaluation:\n  false_alarms: 5 % per 1,000,000 pairs\n"
    evaluation = load(tmp_path, text).evaluation
    assert evaluation.alert_level == 20_000_000  # 1,000,000 / .05
    assert evaluation.false_alarms == FalseAlarms(0.05, 1_000_000)
    assert evaluation.alert_words.endswith("at most 5 % per 1,000,000 pairs")


def test_without_either_the_level_is_one_percent_per_100_000_pairs(tmp_path: Path) -> None:
    evaluation = load(tmp_path, ARTICLE).evaluation
    assert evaluation.alert_level == level_for(0.01, 100_000) == 1e7
    assert evaluation.false_alarms is None
    assert evaluation.alert_words.endswith("at most 1 % per 100,000 pairs")


def test_both_at_once_are_refused_even_where_they_say_the_same(tmp_path: Path) -> None:
    both = "evaluation:\n  alert_level: 1e7\n  false_alarms: 1 % per 100,000 pairs\n"
    assert problems(tmp_path, ARTICLE + both) == [
        (
            "tierwatch.yaml:10: evaluation.false_alarms: found alert_level as well; accepted one"
            " of the two"
        )
    ]


def test_a_comma_between_braces_ends_the_value_and_is_noticed(tmp_path: Path) -> None:
    braces = "evaluation: {false_alarms: 1 % per 100,000 pairs}\n"
    (problem,) = problems(tmp_path, ARTICLE + braces)
    assert problem.startswith("tierwatch.yaml:8: evaluation.000 pairs: found an unknown key")
    quoted = "evaluation: {false_alarms: '1 % per 100,000 pairs'}\n"
    assert load(tmp_path, ARTICLE + quoted).evaluation.alert_level == 1e7


def test_a_false_alarm_rate_that_is_none_names_the_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, ARTICLE + "evaluation:\n  false_alarms: rarely\n")
    assert problem == (
        "tierwatch.yaml:9: evaluation.false_alarms: found 'rarely'; accepted a share above 0 and"
        " below 1 per number of pairs, such as 1 % per 100,000 pairs or 0.01 per 100000"
    )


@pytest.mark.parametrize(
    ("level", "promise"),
    [
        (1e7, "1 % per 100,000 pairs"),
        (100_000.0, "1 % per 1,000 pairs"),
        (100.0, "1 % per 1 pair"),
        (20.0, "5 % per 1 pair"),  # 1 / 20
        (1.25, "80 % per 1 pair"),
        (12_345.0, "0.9964 % per 123 pairs"),  # 123 / 12,345
        (1e100, "1 % per 1e+98 pairs"),
    ],
)
def test_a_level_is_said_as_what_it_promises(level: float, promise: str) -> None:
    assert alert_words(level, None) == (
        f"level {level:g}: where nothing changes, the chance of an alert is at most {promise}"
    )


def test_what_the_file_promises_is_said_in_its_own_numbers() -> None:
    alarms = FalseAlarms(0.5, 20)
    assert alert_words(alarms.level, alarms) == (
        "level 40: where nothing changes, the chance of an alert is at most 50 % per 20 pairs"
    )


@given(level=st.floats(1.0001, 1e12))
def test_what_is_said_of_a_level_is_never_more_than_it_promises(level: float) -> None:
    said = read_false_alarms(alert_words(level, None).rpartition("at most ")[2])
    assert said.pairs / said.share <= level * 1.001


def test_check_says_the_level_and_what_it_promises(tmp_path: Path) -> None:
    load(tmp_path, ARTICLE + "evaluation:\n  false_alarms: 2 % per 1,000,000 pairs\n")
    done = CliRunner().invoke(main, ["check", str(tmp_path / "tierwatch.yaml")])
    # 1,000,000 / .02
    assert (
        "alerts: level 5e+07: where nothing changes, the chance of an alert is at most"
        " 2 % per 1,000,000 pairs\n"
    ) in done.output
