from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from tierwatch.routing.config.reading.fields import (
    read_name,
    read_open_share,
    read_seconds,
    read_share,
)


@pytest.mark.parametrize(
    ("value", "share"),
    [
        (0.7, 0.7),
        (0, 0.0),
        (1, 1.0),
        ("0.7", 0.7),
        (".7", 0.7),
        ("Confidence < 0.7", 0.7),
        ("confidence<0.7", 0.7),
        ("< 0.7", 0.7),
        ("70 %", 0.7),
        ("70%", 0.7),
        ("Confidence < 70%", 0.7),
        ("5e-2", 0.05),
    ],
)
def test_shares(value: Any, share: float) -> None:
    assert read_share(value) == pytest.approx(share)


NO_SHARES = [-0.1, 1.1, True, False, None, "", "high", "0.7.1", "> 0.7", "170 %", "nan", "inf",
             float("nan"), [0.7], {}, 10**400]  # fmt: skip


@pytest.mark.parametrize("value", NO_SHARES, ids=lambda value: str(value)[:8])
def test_no_shares(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="a number from 0 to 1"):
        read_share(value)
    with pytest.raises(PydanticCustomError, match="above 0 and below 1"):
        read_open_share(value)


@pytest.mark.parametrize("value", [0, 1, "0 %", "100 %", 0.0])
def test_an_open_share_has_no_ends(value: Any) -> None:
    with pytest.raises(PydanticCustomError):
        read_open_share(value)
    assert read_open_share("5 %") == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30.0),
        ("30 s", 30.0),
        ("5m", 300.0),
        ("1h30m", 5_400.0),
        ("1h 30m 10s", 5_410.0),
        ("2d", 172_800.0),
        ("1.5s", 1.5),
        (2, 2.0),
        (0.25, 0.25),
        ("7", 7.0),
    ],
)
def test_durations(value: Any, seconds: float) -> None:
    assert read_seconds(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["", "s", "5 parsecs", "-5s", 0, "0s", -1, True, None, [], "1h30"]
)
def test_no_durations(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="a duration above zero"):
        read_seconds(value)


def test_names() -> None:
    assert (read_name(" gpt-4o "), read_name(4), read_name(4.1)) == ("gpt-4o", "4", "4.1")
    for value in ("", "  ", None, True, [], {}):
        with pytest.raises(PydanticCustomError, match="a name"):
            read_name(value)


@given(value=st.text(max_size=40))
def test_any_text_is_read_or_refused(value: str) -> None:
    for read in (read_share, read_open_share, read_seconds, read_name):
        try:
            read(value)
        except PydanticCustomError as error:
            assert "accepted" in (error.context or {})  # noqa: PT017 - either outcome is right
