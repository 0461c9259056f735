"""What is stored stays what it is: JSON stays JSON, signatures pass, media go apart."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.redact import TOO_DEEP, marking, redact
from tierwatch.loop.capture.redaction.documents import redacted_document
from tierwatch.loop.capture.redaction.marks import keyed_marks

MARK = keyed_marks(b"of one exchange")
KEYED = marking(redact, MARK)
PNG = base64.b64encode(b"\x89PNG and so on").decode()
SIGNATURE = base64.b64encode(bytes(range(200))).decode()


def stored(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    taken: list[tuple[str, str]] = []

    def take(media_type: str, text: str) -> str:
        taken.append((media_type, text))
        return f"[MEDIA {len(taken)}]"

    return redacted_document(value, KEYED, take), taken


def test_every_text_is_redacted_and_the_rest_stays() -> None:
    value = {"to": ["jo@example.org", None, True, 1.5, 7], "jo@example.org": "x"}
    mark = MARK("EMAIL", "jo@example.org")
    assert stored(value) == ({"to": [mark, None, True, 1.5, 7], mark: "x"}, [])
    assert value["jo@example.org"] == "x"


@pytest.mark.parametrize(
    "arguments",
    [
        {"to": "jo@example.org"},
        {"card": 4111111111111111},
        {"body": "Hello\njo@example.org\tTel: 030 1234567"},
        {"rows": [{"mail": "a@example.org"}, {"mail": "b@example.org", "n": [1, 2]}]},
        ["+49 151 2345 6789", 4111111111111111],
    ],
)
def test_arguments_of_a_call_stay_json_and_say_no_more_than_their_values(arguments: Any) -> None:
    for text in (json.dumps(arguments), json.dumps(arguments, indent=2)):
        found, _ = stored({"arguments": text})
        inner = json.loads(found["arguments"])
        assert inner == stored(arguments)[0]
        assert "@" not in found["arguments"]
        assert "4111" not in found["arguments"]


def test_two_addresses_in_arguments_stay_two() -> None:
    one, other = (
        stored({"arguments": json.dumps({"to": to})})[0]
        for to in ("a@example.org", "b@example.org")
    )
    assert one != other


def test_text_that_only_looks_like_json_is_text() -> None:
    found, _ = stored("{jo@example.org")
    assert found == "{" + MARK("EMAIL", "jo@example.org")


def test_json_that_hides_nothing_is_left_as_it_is_spaced() -> None:
    text = '{ "a" : [1,2],  "b":"x" }'
    assert stored(text)[0] == text


def test_what_only_its_issuer_reads_passes() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": SIGNATURE}
    hidden = {"type": "redacted_thinking", "data": SIGNATURE}
    item = {"type": "reasoning", "encrypted_content": SIGNATURE, "summary": []}
    assert stored([thought, hidden, item]) == ([thought, hidden, item], [])
    # Words are no signature, wherever they stand.
    assert stored({"signature": "jo@example.org"})[0] != {"signature": "jo@example.org"}


def test_cache_marks_and_ids_stay() -> None:
    block = {
        "type": "tool_use",
        "id": "toolu_01A09q90qw90lq917835lq9",
        "input": {},
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }
    assert stored(block)[0] == block


def test_an_id_that_is_hidden_is_hidden_alike_in_call_and_result() -> None:
    found, _ = stored([{"id": "4111111111111111"}, {"tool_call_id": "4111111111111111"}])
    assert found[0]["id"] == found[1]["tool_call_id"] == MARK("CARD", "4111111111111111")


def test_credentials_of_servers_are_hidden_whatever_they_look_like() -> None:
    server = {"url": "https://example.org", "authorization_token": "abc"}
    assert stored({"mcp_servers": [server]})[0]["mcp_servers"][0] == {
        "url": "https://example.org",
        "authorization_token": "[KEY]",
    }


@pytest.mark.parametrize(
    ("part", "media_type", "text"),
    [
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            "image/png",
            f"data:image/png;base64,{PNG}",
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            "image/png",
            PNG,
        ),
        (
            {"type": "input_image", "image_url": f"data:image/webp;base64,{PNG}"},
            "image/webp",
            f"data:image/webp;base64,{PNG}",
        ),
        ({"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}}, "audio/wav", PNG),
        ({"type": "file", "file": {"filename": "a.pdf", "file_data": PNG}}, "", PNG),
        ({"type": "text", "text": "A" * 5_000}, "", "A" * 5_000),
    ],
)
def test_media_of_every_wire_go_apart_however_small(
    part: dict[str, Any], media_type: str, text: str
) -> None:
    found, taken = stored({"content": [part]})
    assert taken == [(media_type, text)]
    assert text not in json.dumps(found)
    assert "[MEDIA 1]" in json.dumps(found)


def test_media_by_address_stay_in_the_text() -> None:
    part = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    assert stored(part) == (part, [])


def test_bottomless_nesting_ends() -> None:
    value: Any = "x"
    for _ in range(300):
        value = [value]
    assert TOO_DEEP in json.dumps(stored(value)[0])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)


@given(values)
def test_what_holds_nothing_to_hide_is_stored_as_it_is(value: Any) -> None:
    if redact(text := json.dumps(value, ensure_ascii=False)) == text and "@" not in text:
        assert stored(value)[0] == value


@given(values)
def test_json_in_a_text_stays_json(value: Any) -> None:
    found, _ = stored(json.dumps({"a": value, "b": "jo@example.org"}))
    assert json.loads(found)["b"] == MARK("EMAIL", "jo@example.org")


@pytest.mark.parametrize(
    "around", ["```json\n{}\n```", "```\n{}```\n", "\n```json\r\n{}\n```", "```json\n{}"]
)
def test_json_in_a_fence_stays_json(around: str) -> None:
    """An answer would be judged as no JSON for a number that we hid."""
    inner = {"card": 4111111111111111, "to": "jo@example.org"}
    found, _ = stored(around.replace("{}", json.dumps(inner, indent=1)))
    begins, ends = around.split("{}")
    assert found.startswith(begins)
    assert found.endswith(ends)
    assert json.loads(found[len(begins) : len(found) - len(ends)]) == stored(inner)[0]


def test_a_fence_of_no_json_is_text() -> None:
    found, _ = stored("```python\nto = 'jo@example.org'\n```")
    assert found == f"```python\nto = '{MARK('EMAIL', 'jo@example.org')}'\n```"
