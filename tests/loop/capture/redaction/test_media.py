"""Media leave a request and come back where they stood."""

import base64
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.redact import redact
from tierwatch.loop.capture.redaction import media as module
from tierwatch.loop.capture.redaction.documents import redacted_document
from tierwatch.loop.capture.redaction.media import (
    Apart,
    content_of,
    holds_marks,
    place_of,
    restored,
)

KEY = b"of one exchange"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def image(content: bytes) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": encoded(content)}
    return {"type": "image", "source": source}


def apart(document: Any) -> tuple[Any, Apart]:
    found = Apart(KEY)
    return redacted_document(document, redact, found.take), found


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
def test_what_was_taken_out_comes_back_byte_for_byte(contents: list[bytes]) -> None:
    asked = {"content": [image(content) for content in contents]}
    stored, found = apart(asked)
    assert holds_marks(stored) is bool(contents)
    assert len(found.found) == len(set(contents))  # the same twice is kept once
    texts = {mark: item.text for mark, item in found.found.items()}
    assert restored(stored, texts) == asked
    assert not holds_marks(asked)


def test_an_address_inside_a_text_comes_back_there() -> None:
    url = f"data:image/gif;base64,{encoded(b'GIF89a')}"
    asked = {"content": f"See ![it]({url}) and {url}."}
    stored, found = apart(asked)
    [item] = found.found.values()
    assert (item.media_type, item.size, content_of(item.text)) == ("image/gif", 6, b"GIF89a")
    assert stored["content"] == f"See ![it]({item.mark}) and {item.mark}."
    assert restored(stored, {item.mark: item.text}) == asked


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("image/png", "IMAGE"), ("audio/wav", "AUDIO"), ("application/pdf", "FILE"), ("", "DATA")],
)
def test_a_mark_says_what_stood_there_and_how_large(media_type: str, kind: str) -> None:
    found = Apart(KEY)
    mark = found.take(media_type, encoded(b"12345"))
    assert mark.startswith(f"[{kind} ")
    assert mark.endswith(" 5 bytes]")
    assert holds_marks([{"text": f"see {mark}"}])


def test_a_mark_of_another_exchange_or_an_older_version_stays_and_is_seen() -> None:
    for mark in ("[IMAGE abcdefgh 5 bytes]", "[DATA sha256:0123456789ab 70 bytes]"):
        assert restored({"text": mark}, {"[IMAGE zzzzzzzz 5 bytes]": "x"}) == {"text": mark}
        assert holds_marks({"text": mark})
    assert not holds_marks({"text": "[5 bytes] of [IMAGE]", "n": 5})


def test_what_is_too_much_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ITEM_BYTES", 10)
    monkeypatch.setattr(module, "MOST_EXCHANGE_BYTES", 25)
    monkeypatch.setattr(module, "MOST_ITEMS", 4)
    assert not Apart(KEY).too_large
    for contents, too_large in (
        ([b"0123456789"], False),
        ([b"0123456789+"], True),
        ([b"0123456789", b"1123456789"], False),
        ([b"0123456789", b"1123456789", b"2123456789"], True),
        ([b"1", b"2", b"3", b"4"], False),
        ([b"1", b"2", b"3", b"4", b"5"], True),
    ):
        _, found = apart([image(content) for content in contents])
        assert found.too_large is too_large


def test_a_place_is_of_one_exchange_and_name() -> None:
    one = uuid.UUID(int=1)
    assert len({place_of(one, "a"), place_of(one, "b"), place_of(uuid.UUID(int=2), "a")}) == 3


@given(st.text())
def test_whatever_a_text_encodes_can_be_asked(text: str) -> None:
    assert isinstance(content_of(text.encode("ascii", "replace").decode()), bytes)


def test_documents_of_any_shape_are_left_as_they_are() -> None:
    document = {"a": [1, None, {"b": "x"}], "c": True}
    assert restored(document, {}) == document
    assert json.dumps(restored(document, {"[IMAGE a 1 bytes]": "x"})) == json.dumps(document)


@pytest.mark.parametrize(
    ("address", "media_type", "content"),
    [
        ("DATA:image/png;base64,QUI=", "image/png", b"AB"),
        ("data:image/PNG;BASE64,QUI=", "image/png", b"AB"),
        ("data:image/png;name=my cat.png;base64,QUI=", "image/png", b"AB"),
        ("data:image/png;base64,QUJD\nREVG", "image/png", b"ABCDEF"),
        ("data:image/svg+xml;utf8,<svg>jo@example.org</svg>", "image/svg+xml",
         b"<svg>jo@example.org</svg>"),
        ("data:text/plain,jo%40example.org", "text/plain", b"jo@example.org"),
        ("data:;base64,QUI=", "", b"AB"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["url", "image_url", "file_url", "file_data"])
def test_whatever_way_an_address_is_written_its_media_go_apart(
    field: str, address: str, media_type: str, content: bytes
) -> None:
    asked = {"content": [{"type": "part", field: address}]}
    stored, found = apart(asked)
    [item] = found.found.values()
    assert stored == {"content": [{"type": "part", field: item.mark}]}
    assert (item.media_type, content_of(item.text)) == (media_type, content)
    assert restored(stored, {item.mark: item.text}) == asked


def test_words_about_data_are_words() -> None:
    for text in ("data: jo, al", "https://example.org/a,b", "data"):
        assert apart({"url": text, "text": "data:text/csv,a"})[1].found == {}


def test_the_same_bytes_as_two_kinds_are_two() -> None:
    """Rows go by name: under one name the second would be gone, and its mark stay."""
    data = encoded(b"12345")
    asked = {"content": [image(b"12345"), {"type": "input_file", "file_data": data}]}
    stored, found = apart(asked)
    assert len({item.name for item in found.found.values()}) == 2
    assert restored(stored, {mark: item.text for mark, item in found.found.items()}) == asked


def test_a_mark_that_a_caller_wrote_is_told_from_ours() -> None:
    stored, found = apart({"content": [image(b"1"), "see [IMAGE abcdefgh 12 bytes]"]})
    assert holds_marks(stored, found.found)
    stored, found = apart({"content": [image(b"1")]})
    assert not holds_marks(stored, found.found)
