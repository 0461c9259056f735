"""A YAML file: plain values, the line of each key, and what is no configuration."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ConfigError
from tierwatch.routing.config.reading.document import Document
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
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read \(No such file"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"Is a directory"):
        read_document(tmp_path)


def test_the_file_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path)
    assert read_document("f.yaml").path == "f.yaml"
    assert read_document(Path("f.yaml")).beside("g.jsonl") == Path("g.jsonl")
    assert read_document(tmp_path / "f.yaml").beside("g") == tmp_path / "g"
    assert read_document("f.yaml").beside("/g") == Path("/g")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("1.0e+7", 1e7),
        ("1.0e7", "1.0e7"),  # YAML 1.1 asks for a sign; the fields read it all the same
        ("true", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("2026-01-01", "2026-01-01"),  # a date is text here
        ("'1'", "1"),
        ("1_000", 1_000),
        ("0x10", 16),
        ("=", "="),
    ],
)
def test_values_are_plain(tmp_path: Path, written: str, value: object) -> None:
    found = read(tmp_path, f"a: {written}\n").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_every_problem_of_the_file_is_told_at_once_by_line(tmp_path: Path) -> None:
    told = problem(tmp_path, "a: 1\na: 2\nb: {c: !!int x}\nd: {e: 1, e: 2}\n").splitlines()
    assert [line.split(":")[1] for line in told] == ["2", "3", "4"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text("abc ", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=15,
)


@given(data=st.dictionaries(st.text("abc", min_size=1), plain))
def test_what_another_reader_reads_is_read_alike_with_a_line_for_each_key(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("any") / "f.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    document = read_document(path)
    assert document.data == data
    lines = path.read_text(encoding="utf-8").splitlines()
    for loc, line in document.lines.items():
        if isinstance(loc[-1], str):
            assert f"{loc[-1]}" in lines[line - 1]


@given(text=st.text(max_size=80))
def test_any_text_is_a_mapping_or_a_problem_with_a_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "f.yaml"
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        assert isinstance(read_document(path).data, dict)
    except ConfigError as error:
        for told in error.problems:
            place, _, sentence = told.removeprefix(f"{path}:").partition(":")
            assert int(place) >= 1
            assert "accepted " in sentence
