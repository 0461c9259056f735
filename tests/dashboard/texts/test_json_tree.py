from typing import Any

import pytest
from dashboard.texts.allowed import ATTACKS, not_allowed, text_of
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.texts.json_tree import (
    DEEPEST,
    LONGEST_LEAF,
    LONGEST_READ,
    MOST_NODES,
    json_tree,
    read_document,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(ATTACKS),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ("  [1, 2]\n", [1, 2]),
        ("{}", {}),
        ("12", None),
        ('"a"', None),
        ("{'a': 1}", None),
        ('{"a": 1} and more', None),
        ("", None),
        ("[" * 100_000, None),
        ("[" * 100_000 + "]" * 100_000, None),
        (f"[{'9' * 5_000}]", None),
        ('{"a": "\\ud83d"}', None),
        ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (f'["{"x" * LONGEST_READ}"]', None),
    ],
)
def test_documents_are_objects_and_lists(text: str, found: Any) -> None:
    assert read_document(text) == found


def test_a_tree_names_every_key_and_value() -> None:
    seen = text_of(json_tree({"city": "Oslo", "days": [1, 2.5, None, True], "empty": {}}))
    for word in ("city", '"Oslo"', "days", "[4]", "2.5", "null", "true", "{0}"):
        assert word in seen


def test_the_first_branches_stand_open_and_the_others_folded() -> None:
    tree = json_tree({"a": {"b": {"c": {"d": 1}}}})
    assert tree.count("<details open>") == 2
    assert tree.count("<details>") == 1


@given(VALUES)
def test_nothing_of_a_value_is_markup(value: object) -> None:
    tree = json_tree(value)
    assert not_allowed(tree) == []
    for tag in ("ul", "li", "details", "span"):
        assert tree.count(f"<{tag}") == tree.count(f"</{tag}>")


def test_a_wide_document_is_cut_and_says_so() -> None:
    tree = json_tree(list(range(10_000)))
    assert "9,600 more not shown" in tree
    assert tree.count("<li>") == MOST_NODES


def test_a_wide_document_of_wide_ones_is_no_larger() -> None:
    assert json_tree([list(range(300))] * 300).count("<li>") <= MOST_NODES + 1


def test_a_deep_document_ends() -> None:
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    tree = json_tree(deep)
    assert tree.count("<details") == DEEPEST
    assert "[1]" in tree


def test_a_long_leaf_is_cut() -> None:
    tree = json_tree({"a": "x" * 100_000})
    assert len(tree) < LONGEST_LEAF + 300
    assert "x…" in tree
