"""Token counts as Anthropic's wire has them."""

import pytest

from tierwatch.wire.anthropic_messages.usage import read_usage, write_usage
from tierwatch.wire.usage import Usage


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (Usage(), (0, 0, 0, 0)),
        (Usage(9, 2), (9, 0, 0, 2)),
        (Usage(9, 2, 4, 3), (2, 3, 4, 2)),  # 9 - 4 - 3 fresh
        (Usage(9, None, 9), (0, 0, 9, 0)),
        (Usage(4, 1, 4, 4), (0, 4, 4, 1)),  # parts that exceed the prompt leave nothing fresh
    ],
)
def test_the_wire_demands_every_count(usage: Usage, counts: tuple[int, int, int, int]) -> None:
    fresh, written, read, completion = counts
    assert write_usage(usage) == {
        "input_tokens": fresh,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": completion,
    }


@pytest.mark.parametrize(
    ("counts", "prompt"),
    [
        ({"input_tokens": 0}, 0),
        ({"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}, None),
        ({"cache_creation_input_tokens": 7}, 7),
        ({"input_tokens": -1, "cache_read_input_tokens": 5}, 5),
    ],
)
def test_a_prompt_is_counted_by_whatever_was_counted_of_it(
    counts: dict[str, int], prompt: int | None
) -> None:
    assert read_usage({"usage": counts}).prompt_tokens == prompt
