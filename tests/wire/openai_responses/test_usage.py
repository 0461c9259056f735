"""Counts as Responses have them."""

import pytest

from tierwatch.wire.openai_responses.usage import read_usage, write_usage
from tierwatch.wire.usage import Usage


def test_cached_tokens_are_part_of_the_input() -> None:
    details = {"cached_tokens": 5, "cache_write_tokens": 2}
    usage = {"input_tokens": 9, "output_tokens": 3, "input_tokens_details": details}
    assert read_usage({"usage": usage}) == Usage(9, 3, 5, 2)


@pytest.mark.parametrize("usage", [None, [], {}, {"input_tokens": -1}, {"input_tokens": True}])
def test_what_is_no_count_counts_nothing(usage: object) -> None:
    assert read_usage({"usage": usage}) == Usage()


def test_parts_beyond_the_input_are_cut_to_it() -> None:
    details = {"cached_tokens": 50, "cache_write_tokens": 50}
    usage = {"input_tokens": 9, "input_tokens_details": details}
    assert read_usage({"usage": usage}) == Usage(9, None, 9, 0)


def test_counts_are_whole_or_not_there() -> None:
    """Codex takes counts without `total_tokens` for a broken stream."""
    assert write_usage(Usage()) == {}
    for usage in (Usage(9), Usage(None, 3), Usage(9, 3)):
        written = write_usage(usage)
        assert written["total_tokens"] == written["input_tokens"] + written["output_tokens"]
        assert written["input_tokens_details"] == {
            "cached_tokens": 0,
            "cache_write_tokens": 0,
        }
        assert written["output_tokens_details"] == {"reasoning_tokens": 0}
    assert write_usage(Usage(9, 3, 4, 1))["input_tokens_details"] == {
        "cached_tokens": 4,
        "cache_write_tokens": 1,
    }
