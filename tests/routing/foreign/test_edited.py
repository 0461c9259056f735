"""Numbers set in a text: nothing else is touched, and what comes out says what was asked."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ForeignError
from tierwatch.routing.foreign.edited import at, edited, read_settings

FILE = """\
# who routes
model_list:
  - model_name: smart   # the one
    litellm_params:
      model: auto_router/complexity_router
      complexity_router_config:
        tiers: {SIMPLE: a, MEDIUM: b}
        tier_boundaries:
          simple_medium: 0.15   # as shipped
          medium_complex: 0.35
"""
PLACE = ("model_list", 0, "litellm_params", "complexity_router_config", "tier_boundaries")


def test_a_number_is_replaced_where_it_stands_and_its_comment_stays() -> None:
    new = edited(FILE, {(*PLACE, "simple_medium"): 0.2})
    assert new == FILE.replace("simple_medium: 0.15 ", "simple_medium: 0.2 ")


def test_several_at_once() -> None:
    new = edited(FILE, {(*PLACE, "medium_complex"): 0.4, (*PLACE, "simple_medium"): 0.05})
    assert at(read_settings(new), PLACE) == {"simple_medium": 0.05, "medium_complex": 0.4}


def test_a_key_that_is_missing_is_added_among_its_siblings() -> None:
    new = edited(FILE, {(*PLACE, "complex_reasoning"): 0.5})
    assert "        tier_boundaries:\n          complex_reasoning: 0.5\n          simple" in new


def test_so_are_its_parents() -> None:
    bare = FILE.split("        tier_boundaries", maxsplit=1)[0]
    new = edited(bare, {(*PLACE, "simple_medium"): 0.5})
    assert at(read_settings(new), PLACE) == {"simple_medium": 0.5}
    assert new.replace("        tier_boundaries:\n          simple_medium: 0.5\n", "") == bare


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_stays_json(indent: Any) -> None:
    text = json.dumps(
        {"router": {"weak": 0.7, "name": 'ü / \u2028 "q"'}, "more": [1, 2]}, indent=indent
    )
    new = edited(text, {("router", "weak"): 0.65, ("router", "strong"): 0.5})
    assert json.loads(new)["router"]["weak"] == 0.65
    assert json.loads(new)["router"]["strong"] == 0.5
    assert json.loads(new)["more"] == [1, 2]
    assert edited(json.dumps({}), {("a", "b"): 0.5}) == '{"a": {"b": 0.5}}'


def test_line_ends_of_another_system_stay() -> None:
    text = FILE.replace("\n", "\r\n")
    new = edited(text, {(*PLACE, "complex_reasoning"): 0.5})
    assert new.count("\n") == new.count("\r\n") == text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1, 2]\n", ("a", "b")),
        ("a: 1\n", ("a", "b")),
        ("a: {b: {c: 1}}\n", ("a", "b")),
        ("", ("a",)),
        ("- 1\n", (3,)),
    ],
)
def test_what_cannot_be_written_is_said(text: str, place: tuple[Any, ...]) -> None:
    with pytest.raises(ForeignError):
        edited(text, {place: 0.5})


@pytest.mark.parametrize("text", ["a: [", "\x00", "{" * 5000, "a: !!python/object:x {}"])
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(ForeignError):
        read_settings(text)


NAMES = st.text("abcdef_", min_size=1, max_size=6)
TREES = st.recursive(
    st.floats(0, 1).map(lambda value: round(value, 2)),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=8,
).filter(lambda tree: isinstance(tree, dict))


@given(
    TREES,
    st.lists(NAMES, min_size=1, max_size=3),
    st.sampled_from([json.dumps, yaml.safe_dump, partial(yaml.safe_dump, default_flow_style=True)]),
)
def test_whatever_the_tree_it_is_right_or_refused(
    tree: dict[str, Any], place: list[str], write: Callable[[Any], str]
) -> None:
    text = write(tree)
    try:
        new = edited(text, {tuple(place): 0.5})
    except ForeignError:
        return
    assert at(read_settings(new), place) == 0.5
    assert edited(new, {tuple(place): 0.5}) == new
