from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from tierwatch.errors import ConfigError
from tierwatch.routing.config.reading.document import Document
from tierwatch.routing.config.reading.schema import section_at
from tierwatch.routing.config.reading.shown import dotted, shown
from tierwatch.routing.config.reading.yaml_file import read_document


def read(tmp_path: Path, text: str | bytes) -> Document:
    path = tmp_path / "f.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(path)


def problem(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return "\n".join(caught.value.problems).replace(f"{tmp_path}/", "")


def test_every_key_and_entry_has_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  b: 1\n  c: [x,\n    y]\nd: {e: ~, f: 2026-01-01}\n")
    assert document.data == {"a": {"b": 1, "c": ["x", "y"]}, "d": {"e": None, "f": "2026-01-01"}}
    assert document.lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 3,
        ("a", "c", 1): 4,
        ("d",): 5,
        ("d", "e"): 5,
        ("d", "f"): 5,
    }
    assert document.problem(("a", "z"), "x", "y") == (
        1,
        f"{tmp_path}/f.yaml:1: a.z: found x; accepted y",
    )


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\n").data == {"a": 1}


def test_an_alias_repeats_a_value(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {b: 1}\nc: *x\n").data == {"a": {"b": 1}, "c": {"b": 1}}


BAD: list[tuple[str | bytes, str]] = [
    ("", "f.yaml:1: found no mapping; accepted sections such as `routing:`"),
    ("- 1\n", "f.yaml:1: found no mapping"),
    ("a: [1\nb: 2\n", "f.yaml:2: found expected ',' or ']', but got ':'; accepted YAML"),
    ("a: 1\n\tb: 2\n", "f.yaml:2: found found character '\\t' that cannot start any token"),
    (b"a: \xff\n", "f.yaml:1: found bytes that are not UTF-8"),
    ("a: \x00\n", "f.yaml:1: found control characters or nesting"),
    ("a: " + "[" * 3_000, "f.yaml:1: found control characters or nesting"),
    ("a: 1\nb: 2\na: 3\n", "f.yaml:3: a: found the key a second time; accepted each key once"),
    ("a: {b: 1, b: 2}\n", "f.yaml:1: a.b: found the key a second time"),
    ("a: {[1]: 2}\n", "f.yaml:1: a: found a key that is not plain text"),
    ("a: &x {b: 1}\nc: {<<: *x}\n", "f.yaml:2: c: found a key that is not plain text"),
    ("a: !!python/name:os.system x\n", "f.yaml:1: a: found a value of another type"),
    ("a: !!int word\n", "f.yaml:1: a: found a value of another type"),
    ("a: !!bool word\n", "f.yaml:1: a: found a value of another type"),
    ("a: " + "9" * 10_000, "f.yaml:1: a: found a value of another type"),
    ("a: 1\n---\nb: 2\n", "f.yaml:2: found but found another document"),
    ("a: &x [*x]\n", "f.yaml:1: file: found more values than a configuration has"),
    (
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
            for old, new in zip("abcdefg", "bcdefgh", strict=True)
        ),
        "found more values than a configuration has; accepted no nested aliases",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), BAD, ids=lambda value: str(value)[:20])
def test_what_is_no_configuration(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    assert sentence in problem(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml:1: found No such file"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"Is a directory"):
        read_document(tmp_path)


def test_a_path_as_people_write_it() -> None:
    assert dotted(("routing", "tiers", "simple", "cost")) == "routing.tiers.simple.cost"
    assert dotted(("notify", 0, "url")) == "notify[0].url"
    assert dotted(("providers", "sk-abc123")) == "providers.(hidden)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        ([], "an empty list"),
        ([1], "a list"),
        (True, "true"),
        (1.5, "1.5"),
        ("x" * 20, f"{'x' * 20!r}"),
        ("word " * 50, repr(("word " * 50)[:60])),
    ],
)
def test_what_was_found(value: object, text: str) -> None:
    assert shown(value, ("routing",)) == text


@pytest.mark.parametrize("key", ["api_key", "secret", "url", "base_url", "password", "api_keys"])
def test_a_secrets_place_is_never_shown(key: str) -> None:
    assert "hunter2" not in shown("hunter2", ("p", key))
    assert "hunter2" not in shown("hunter2", ("p", key, 0))


class Entry(BaseModel):
    model_config = {"extra": "forbid"}
    name: str


class Holder(BaseModel):
    by_name: Mapping[str, Entry] | None = None
    listed: tuple[Entry, ...] = ()


@pytest.mark.parametrize("path", [("by_name", "x"), ("listed", 0)])
def test_the_model_that_reads_a_mapping_is_found_through_containers(
    path: tuple[str | int, ...],
) -> None:
    assert section_at(Holder, path) is Entry
