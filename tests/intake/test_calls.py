"""Calls and readings: the values that every source is read into."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import Call, Readings, together


def call(source_id: str = "1") -> Call:
    return Call(source_id, "", "", 0.0, "auto", "gpt", "openai", {}, None, None, finished=False)


def test_what_a_source_does_not_say_is_empty_and_counts_as_nothing() -> None:
    """A reader that names only what it knows claims nothing else."""
    said = call()
    assert (said.prompt_tokens, said.completion_tokens, said.cost_usd, said.confidence) == (
        None,
        None,
        None,
        None,
    )
    assert (said.cached_tokens, said.fallbacks, said.outside, said.wire) == (0, 0, "", "openai")


def test_readings_together_keep_the_order_of_their_calls() -> None:
    joined = together([Readings((call("2"), call("1"))), Readings((call("0"),), {"frame": 1})])
    assert [one.source_id for one in joined.calls] == ["2", "1", "0"]
    assert joined.counted == {"frame": 1}


KINDS = st.dictionaries(st.sampled_from(["frame", "repeat", "bad_line"]), st.integers(0, 99))


@given(st.lists(KINDS, max_size=5))
def test_counts_are_added_by_kind(counts: list[dict[str, int]]) -> None:
    joined = together(Readings((), one) for one in counts).counted
    for kind in ("frame", "repeat", "bad_line"):
        assert joined.get(kind, 0) == sum(one.get(kind, 0) for one in counts)
