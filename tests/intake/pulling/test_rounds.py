"""A round: pages are kept in their order, and a bad record hinders no other."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes.vendor_pages import KEYS, FakeLangfuse, FakeOpenAI, FakeVendor, completion, observation

from tierwatch.config.watch import PullConfig
from tierwatch.errors import SettingsError
from tierwatch.intake.pulling.asking import AwayError, PullError
from tierwatch.intake.pulling.rounds import FOLDER, Pull, readings_of
from tierwatch.intake.pulling.vendors import VENDORS
from tierwatch.wire.json_bytes import read_json, write_json


def config(kind: str, **more: Any) -> PullConfig:
    keys = {"key": "env:OPENAI_KEY"}
    if kind == "langfuse":
        keys = {"key": "env:LANGFUSE_SECRET_KEY", "public_key": "env:LANGFUSE_PUBLIC_KEY"}
    return PullConfig.model_validate({"source": "chat", "kind": kind, **keys, **more})


def pull(vendor: FakeVendor, kind: str, folder: Path, **more: Any) -> Pull:
    return Pull(config(kind, **more), KEYS, folder, transport=vendor.transport)


class Door:
    """Takes what it is given, until it does not."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.closed = False

    def __call__(self, lines: Sequence[bytes]) -> None:
        if self.closed:
            raise AwayError("closed")
        self.taken += [read_json(line)["id"] for line in lines]


def no_pause(_: float) -> bool:
    return False


@pytest.mark.parametrize("kind", list(VENDORS))
def test_each_kind_is_asked_with_its_keys_and_goes_on(kind: str, tmp_path: Path) -> None:
    now = time.time()
    vendor: FakeVendor
    if kind == "langfuse":
        vendor = FakeLangfuse(*(observation(n, now - 60 - n) for n in range(3)))
    else:
        vendor = FakeOpenAI(*(completion(n, now - 60 - n) for n in range(3)))
    door = Door()
    assert pull(vendor, kind, tmp_path).round(door, pause=no_pause) == 3
    assert pull(vendor, kind, tmp_path).round(door, pause=no_pause) == 0
    assert len(door.taken) == 3
    (kept,) = (tmp_path / FOLDER).iterdir()
    assert "sk-" not in kept.read_text()


def test_what_is_not_taken_is_fetched_again(tmp_path: Path) -> None:
    vendor = FakeOpenAI(*(completion(n, time.time() - 5000 + n) for n in range(5)))
    vendor.most = 2
    door = Door()
    door.closed = True
    with pytest.raises(AwayError):
        pull(vendor, "openai", tmp_path).round(door, pause=no_pause)
    door.closed = False
    assert pull(vendor, "openai", tmp_path).round(door, pause=no_pause) == 5


def test_a_pull_that_begins_again_reads_from_there(tmp_path: Path) -> None:
    now = time.time()
    vendor = FakeOpenAI(*(completion(n, now - 5000 + 1000 * n) for n in range(5)))
    door = Door()
    pull(vendor, "openai", tmp_path).round(door, pause=no_pause)
    again = pull(vendor, "openai", tmp_path).begun_again(2500.0)
    assert again.round(door, pause=no_pause) == 2
    assert door.taken[5:] == ["chatcmpl-0003", "chatcmpl-0004"]


def test_the_first_walk_goes_back_as_far_as_is_said(tmp_path: Path) -> None:
    vendor = FakeOpenAI(completion(1, time.time() - 7200), completion(2, time.time() - 1800))
    door = Door()
    pull(vendor, "openai", tmp_path, since="1h").round(door, pause=no_pause)
    assert door.taken == ["chatcmpl-0002"]


def test_a_place_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file")
    vendor = FakeOpenAI(completion(1, time.time() - 60))
    with pytest.raises(PullError, match=FOLDER):
        pull(vendor, "openai", tmp_path).round(Door(), pause=no_pause)


def test_a_key_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LANGFUSE_PUBLIC_KEY"):
        Pull(config("langfuse"), {"LANGFUSE_SECRET_KEY": "x"}, tmp_path)


def test_records_are_read_as_lines_of_the_export_and_bad_ones_counted() -> None:
    lines = [write_json(completion(1, 1_795_000_000)) + b"\n", b'{"object": "?"}\n', b"{cut\n"]
    readings = readings_of("openai", lines, 0.0)
    assert [call.source_id for call in readings.calls] == ["chatcmpl-0001"]
    assert dict(readings.counted) == {"bad_line": 2}
