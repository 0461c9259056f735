"""A stored request is as it was asked, and every reader gets one form of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.store.traffic.stored_request import StoredRequest, library_form, stored_request
from tierwatch.wire.wires import WIRES

BLOCKS: dict[str, Any] = {
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "2 + 2?"}]}],
    "thinking": {"type": "adaptive"},
}


def test_a_row_of_an_older_version_is_in_openais_form() -> None:
    body = {"messages": [{"role": "user", "content": "2 + 2?"}]}
    for wire in (None, "", "openai"):
        found = stored_request(body, wire, None)
        assert found is not None
        assert (found.wire, found.body, found.in_library_form) == ("openai", body, body)
        assert library_form(body, wire) == body


def test_a_text_that_retention_took_is_none() -> None:
    assert stored_request(None, None, None) is None


def test_readers_get_words_and_the_body_stays_as_it_was_asked() -> None:
    found = stored_request(BLOCKS, "anthropic", {"anthropic-beta": "effort-2025-11-24"})
    assert found == StoredRequest(BLOCKS, "anthropic", {"anthropic-beta": "effort-2025-11-24"})
    asked: Any = found.in_library_form
    assert [one["role"] for one in asked["messages"]] == ["system", "user"]
    assert found.body["thinking"] == {"type": "adaptive"}
    assert found.body["system"][0]["cache_control"] == {"type": "ephemeral"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("wire", sorted(WIRES))
@given(
    body=st.dictionaries(
        st.sampled_from(["messages", "system", "tools", "input", "metadata"]), json_values
    )
)
def test_whatever_was_stored_can_be_read(wire: str, body: dict[str, Any]) -> None:
    assert isinstance(library_form(body, wire), dict)
