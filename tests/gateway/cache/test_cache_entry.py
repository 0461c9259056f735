from dataclasses import replace

import orjson
import pytest
from factories.gateway_values import SIMPLE, decision
from factories.served_exchanges import served
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.cache.cache_entry import read_entry, write_entry
from tierwatch.gateway.cache.cache_key import CacheKey
from tierwatch.routing.classify.classification import Classification

KEY = CacheKey("tenant", "place", "verbatim", {"number": "one"})


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_answer_comes_back_as_it_was_kept(content: str) -> None:
    lookup = read_entry(write_entry(KEY, content, served()), KEY)
    assert lookup is not None
    assert (lookup.status, lookup.key) == ("hit", KEY)
    assert lookup.answer is not None
    assert lookup.answer.content == content
    assert (lookup.answer.tier, lookup.answer.model) == (SIMPLE.name, SIMPLE.model)
    assert lookup.answer.tokens == (21, 2)


def test_what_nobody_counted_stays_uncounted() -> None:
    lookup = read_entry(write_entry(KEY, "Paris.", served(tokens_estimated=True)), KEY)
    assert lookup is not None
    assert lookup.answer is not None
    assert lookup.answer.tokens == (None, None)


def test_what_the_classifier_said_is_kept_for_the_router_of_then() -> None:
    kept = decision(task_type="maths", label="complex", confidence=0.4)
    lookup = read_entry(write_entry(KEY, "42", served(decision=kept)), KEY)
    assert lookup is not None
    assert lookup.answer is not None
    assert lookup.answer.classification == Classification(
        label="complex", confidence=0.4, task_type="maths", confidences={"simple": 0.9}
    )


def test_a_pinned_answer_says_nothing_of_the_classifier() -> None:
    pinned = decision(reason="pinned", confidences=())
    lookup = read_entry(write_entry(KEY, "42", served(decision=pinned)), KEY)
    assert lookup is not None
    assert lookup.answer is not None
    assert lookup.answer.classification is None


def test_other_words_for_the_same_are_a_semantic_hit() -> None:
    lookup = read_entry(write_entry(KEY, "42", served()), replace(KEY, verbatim="other"))
    assert lookup is not None
    assert lookup.status == "semantic"


def test_a_near_miss_is_none() -> None:
    near = replace(KEY, verbatim="other", marks={"number": "two"})
    assert read_entry(write_entry(KEY, "42", served()), near) is None


def test_no_prompt_is_kept() -> None:
    assert b"capital" not in write_entry(KEY, "42", served())


WHOLE = orjson.loads(write_entry(KEY, "42", served()))


@pytest.mark.parametrize(
    "value",
    [
        b"{",
        b"[]",
        b"null",
        b"7",
        *(
            orjson.dumps({name: was for name, was in WHOLE.items() if name != left_out})
            for left_out in ("verbatim", "content", "tier", "model", "tokens", "classification")
        ),
        orjson.dumps({**WHOLE, "tokens": [1]}),
        orjson.dumps({**WHOLE, "tokens": 1}),
        orjson.dumps({**WHOLE, "classification": {"label": "simple", "new": 1}}),
        orjson.dumps({**WHOLE, "classification": 5}),
    ],
)
def test_what_is_no_entry_is_told_from_a_near_miss(value: bytes) -> None:
    with pytest.raises(ValueError, match="not an entry of this cache"):
        read_entry(value, KEY)
