"""Reading recorded traffic, whatever a line holds."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tierwatch.errors import TrafficError
from tierwatch.providers.recorded import traffic_file as traffic
from tierwatch.providers.recorded.traffic_file import (
    BadLine,
    RecordedAnswer,
    RecordedExchange,
    read_traffic,
)

LINE: dict[str, Any] = {
    "id": "e1",
    "at_s": 1.5,
    "session": "s1",
    "task": "t",
    "messages": [{"role": "user", "content": "q"}],
    "answers": {
        "simple": {"text": "a", "cost_usd": 0.1, "score": 0},
        "standard": {"text": "b", "cost_usd": 0.2},
    },
    "verdicts": {"simple<standard": "worse"},
}


def read(path: Path, *lines: bytes | str | dict[str, Any]) -> list[RecordedExchange | BadLine]:
    raw = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    path.write_bytes(b"\n".join(r.encode() if isinstance(r, str) else r for r in raw))
    return list(read_traffic(path))


def why(path: Path, *lines: bytes | str | dict[str, Any]) -> str:
    (bad,) = read(path, *lines)
    assert isinstance(bad, BadLine)
    return bad.why


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "traffic.jsonl"


def test_an_exchange_is_read(file: Path) -> None:
    (one,) = read(file, LINE)
    assert isinstance(one, RecordedExchange)
    assert (one.id, one.at_s, one.session, one.task) == ("e1", 1.5, "s1", "t")
    assert one.answers == {
        "simple": RecordedAnswer("a", 0.1, 0.0),
        "standard": RecordedAnswer("b", 0.2, None),
    }
    assert list(one.answers) == ["simple", "standard"]
    assert one.verdicts == {"simple<standard": "worse"}


def test_gzip_is_recognised_by_its_bytes_and_empty_files_are_empty(file: Path) -> None:
    file.write_bytes(gzip.compress(json.dumps(LINE).encode()))
    assert len(list(read_traffic(file))) == 1
    file.write_bytes(gzip.compress(b""))
    assert list(read_traffic(file)) == []
    assert read(file, b"") == []


def test_a_bad_line_costs_one_line_and_keeps_its_number(file: Path) -> None:
    found = read(file, LINE, "{", "", LINE, "[]", b"\xff\xfe")
    assert [type(one).__name__ for one in found] == [
        "RecordedExchange",
        "BadLine",
        "RecordedExchange",
        "BadLine",
        "BadLine",
    ]
    assert [one.number for one in found if isinstance(one, BadLine)] == [2, 5, 6]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answers": None}, "no answers"),
        ({"answers": {}}, "no answers"),
        ({"answers": {"simple": {}}}, "'simple' has no text"),
        ({"answers": {"simple": {"text": "x", "cost_usd": -1}}}, "cost of 'simple'"),
        ({"answers": {"simple": {"text": "x", "cost_usd": "1"}}}, "cost of 'simple'"),
        ({"answers": {"simple": {"text": "x", "score": 2}}}, "above 1"),
        ({"messages": []}, "no messages"),
        ({"messages": None}, "no messages"),
        ({"messages": ["q"]}, "object with a role"),
        ({"messages": [{"role": "user", "content": 3}]}, "neither text"),
        ({"verdicts": {"a<b": "maybe"}}, "better, tie, worse"),
        ({"verdicts": []}, "better, tie, worse"),
        ({"at_s": True}, "at_s"),
    ],
)
def test_what_is_missing_is_named(file: Path, change: dict[str, Any], said: str) -> None:
    assert said in why(file, {**LINE, **change})


def test_half_a_surrogate_pair_is_a_bad_line_and_nul_is_text(file: Path) -> None:
    bad = {**LINE, "messages": [{"role": "user", "content": "\ud800"}]}
    assert "not JSON" in why(file, bad)
    nul = {**LINE, "messages": [{"role": "user", "content": "a\0b"}]}
    (one,) = read(file, nul)
    assert isinstance(one, RecordedExchange)
    assert one.messages[0]["content"] == "a\0b"


@pytest.mark.parametrize("zipped", [False, True])
def test_a_line_too_long_is_passed_without_being_held(
    file: Path, monkeypatch: pytest.MonkeyPatch, *, zipped: bool
) -> None:
    monkeypatch.setattr(traffic, "MAX_LINE_BYTES", 1000)
    short = json.dumps(LINE).encode()
    raw = b"\n".join([short, b"x" * 5_000_000, short, short[:-1] + b" " * 5000 + b"}", b""])
    file.write_bytes(gzip.compress(raw) if zipped else raw)
    found = list(read_traffic(file))
    assert [isinstance(one, BadLine) for one in found] == [False, True, False, True]
    assert found[1] == BadLine(2, "longer than 1,000 bytes")
    file.write_bytes(b"y" * 1000 + b"\n" + short)  # as long as is accepted
    assert "not JSON" in str(next(iter(read_traffic(file))))


def test_a_line_of_ten_megabytes_takes_little_memory(file: Path) -> None:
    import tracemalloc

    with file.open("wb") as out:
        for _ in range(40):
            out.write(b"x" * 1_000_000)
    tracemalloc.start()
    found = list(read_traffic(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [one.number for one in found if isinstance(one, BadLine)] == [1]
    assert peak < 25e6


def test_a_file_that_cannot_be_used_is_said_in_a_sentence(file: Path) -> None:
    with pytest.raises(TrafficError, match="No such file"):
        list(read_traffic(file))
    file.write_bytes(gzip.compress(json.dumps(LINE).encode() * 100)[:-20])
    with pytest.raises(TrafficError, match="cannot be read"):
        list(read_traffic(file))
    with pytest.raises(TrafficError, match="directory"):
        list(read_traffic(file.parent))
