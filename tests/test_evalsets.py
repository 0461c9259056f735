"""How sets are read; what stands in those that ship is tried in tests/evalsets."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import TierwatchError
from tierwatch.evalsets import Evalset, PromptPair, anchors, near_misses, probes

PAIR = {"id": "1", "kind": "number", "a": "Sum 2 and 3.", "b": "Sum 2 and 4.", "same": False}


def written(folder: Path, *rows: dict[str, Any], name: str = "near_misses") -> Path:
    (folder / name).mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / name / "items.jsonl").write_text(text)
    return folder


def test_rows_become_items_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = near_misses(written(tmp_path, PAIR, PAIR | {"id": "2"}))
    assert found.items == (PromptPair(**PAIR), PromptPair(**(PAIR | {"id": "2"})))
    assert found.version.startswith("near_misses/")


def test_a_version_is_made_of_the_bytes(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    for folder, row in ((one, PAIR), (same, PAIR), (other, PAIR | {"same": True})):
        folder.mkdir()
        written(folder, row)
    assert near_misses(one).version == near_misses(same).version != near_misses(other).version


def test_blank_lines_are_no_items(tmp_path: Path) -> None:
    folder = written(tmp_path, PAIR)
    file = folder / "near_misses" / "items.jsonl"
    file.write_text("\n" + file.read_text() + "\n  \n")
    assert len(near_misses(folder).items) == 1


@pytest.mark.parametrize(
    "content",
    ["{", "[1]", '{"id": "1"}', '{"unknown": 1}', "\udcff".encode("utf-8", "surrogateescape")],
)
def test_a_damaged_set_says_which_and_what_to_do(tmp_path: Path, content: str | bytes) -> None:
    written(tmp_path)
    file = tmp_path / "near_misses" / "items.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(
        TierwatchError, match=r"items\.jsonl: .*cannot be read.*reinstall tierwatch"
    ):
        near_misses(tmp_path)


@pytest.mark.parametrize("read", [anchors, probes, near_misses])
def test_a_set_that_is_missing_or_empty_is_said(tmp_path: Path, read: Any) -> None:
    with pytest.raises(TierwatchError, match="cannot be read"):
        read(tmp_path / "nowhere")
    name = read.__name__
    with pytest.raises(TierwatchError, match="is empty"):
        read(written(tmp_path, name=name))


def test_the_longer_answer_is_the_one_with_more_characters() -> None:
    one = anchors().items[0]
    for a, b, longer in (("aa", "b", "a"), ("a", "bb", "b"), ("a", "b", "tie"), ("", "", "tie")):
        row = {name: getattr(one, name) for name in one.__slots__} | {"a": a, "b": b}
        assert type(one)(**row).longer == longer


@given(st.integers(1, 60), st.floats(0.01, 1))
def test_a_part_is_some_of_the_items_in_their_order(n: int, share: float) -> None:
    whole = Evalset("probes/1f", tuple(range(n)))
    part = whole.part(share)
    assert 1 <= len(part.items) <= n
    assert list(part.items) == sorted(set(part.items))
    assert abs(len(part.items) - share * n) <= 1
    assert (part.version == whole.version) is (share == 1)
