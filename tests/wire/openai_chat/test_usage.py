"""Token counts as OpenAI's wire has them."""

from typing import Any

import pytest

from tierwatch.wire.openai_chat.usage import read_usage, write_usage
from tierwatch.wire.usage import Usage


@pytest.mark.parametrize(
    ("usage", "written"),
    [
        (Usage(), {}),
        (Usage(completion_tokens=2), {"completion_tokens": 2}),
        (Usage(9), {"prompt_tokens": 9, "prompt_tokens_details": {}}),
        (
            Usage(9, 2, 0),  # counted as none, which is not the same as not counted
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "total_tokens": 11,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
        ),
        (
            Usage(9, 2, 4, 3),
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "total_tokens": 11,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
            },
        ),
    ],
)
def test_what_nobody_counted_is_left_out(usage: Usage, written: dict[str, Any]) -> None:
    assert write_usage(usage) == written
    assert read_usage({"usage": written}) == usage


def test_parts_without_a_whole_are_no_counts() -> None:
    usage = {"prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens": 2}
    assert read_usage({"usage": usage}) == Usage(None, 2)
