"""Events from bytes, however the bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.wire.sse import MAX_EVENT_BYTES, SSEDecoder, SSEEvent, encode_event


def decoded(*chunks: bytes) -> list[SSEEvent]:
    decoder = SSEDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_ending_ends_a_line(end: bytes) -> None:
    stream = end.join([b"event: ping", b"data: a", b"data: b", b"", b"data:c", b"", b""])
    assert decoded(stream) == [SSEEvent("ping", "a\nb"), SSEEvent("", "c")]


def test_comments_ids_retries_and_unknown_fields_are_read_over() -> None:
    assert decoded(b": hi\nid: 7\nretry: 9\nfoo\ndata: x\n: mid\n\n: alone\n\n") == [
        SSEEvent("", "x")
    ]


def test_only_one_space_is_taken_off_a_value() -> None:
    assert decoded(b"data:  two\n\ndata\n\ndata:\n\n") == [
        SSEEvent("", " two"),
        SSEEvent("", ""),
        SSEEvent("", ""),
    ]


def test_an_event_without_data_is_none_and_its_name_does_not_leak() -> None:
    assert decoded(b"event: lost\n\ndata: x\n\n") == [SSEEvent("", "x")]


def test_an_unfinished_event_is_never_given_out() -> None:
    assert decoded(b"data: x\n") == []
    assert decoded(b"data: x") == []
    assert decoded() == []


def test_a_byte_order_mark_at_the_start_is_no_text() -> None:
    assert decoded(b"\xef\xbb\xbfdata: x\n\n") == [SSEEvent("", "x")]


def test_bytes_that_are_not_utf8_become_replacement_characters() -> None:
    assert decoded(b"data: a\xffb\n\n") == [SSEEvent("", "a\ufffdb")]


TEXTS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8)


@given(
    st.lists(st.tuples(TEXTS.map(str.strip), st.lists(TEXTS, min_size=1, max_size=3)), max_size=4),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(0, 300), max_size=12),
)
def test_cuts_between_chunks_change_nothing(
    events: list[tuple[str, list[str]]], end: bytes, cuts: list[int]
) -> None:
    stream = b"".join(
        encode_event("\n".join(lines), event=name).replace(b"\n", end) for name, lines in events
    )
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    assert decoded(*chunks) == [SSEEvent(name, "\n".join(lines)) for name, lines in events]


MANY = 100_000


@pytest.fixture
def small_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwatch.wire.sse.MAX_EVENT_BYTES", MANY)


@pytest.mark.usefixtures("small_events")
@pytest.mark.parametrize("line", [b"data: " + b"x" * 1000 + b"\n", b"x" * 1000])
def test_an_event_that_never_ends_is_refused(line: bytes) -> None:
    decoder = SSEDecoder()
    for _ in range(MANY // len(line)):
        assert decoder.feed(line) == []
    with pytest.raises(ProviderError) as caught:
        decoder.feed(line)
    assert caught.value.kind == "unreadable"


@pytest.mark.usefixtures("small_events")
def test_hours_of_comments_do_not_fill_the_bound() -> None:
    decoder = SSEDecoder()
    for _ in range(MANY // 1000 * 2):
        assert decoder.feed(b": " + b"x" * 1000 + b"\n") == []
    assert decoder.feed(b"data: x\n\n") == [SSEEvent("", "x")]


def test_encoding_splits_lines() -> None:
    assert encode_event("a\r\nb\rc") == b"data: a\ndata: b\ndata: c\n\n"
    assert encode_event(b"x", event="e") == b"event: e\ndata: x\n\n"
    assert encode_event("\ud800") == b"data: ?\n\n"


@pytest.mark.usefixtures("small_events")
@pytest.mark.parametrize("line", [b"data: " + b"x" * MANY, b"x" * MANY])
def test_what_came_ahead_of_an_event_that_never_ends_is_given_out(line: bytes) -> None:
    for ahead in (b"data: a\n\n", b"data: a\n\ndata: b\n\n"):
        decoder = SSEDecoder()
        decoder.feed(b": begun\n\n")
        assert [event.data for event in decoder.feed(ahead + line + b"\n\n")][:1] == ["a"]
        assert decoder.problem is not None
        with pytest.raises(ProviderError):
            decoder.feed(b"data: c\n\n")


LINES = st.sampled_from(
    ["data: a", "data: \u20ac", "data:b", "data", "event: e", ": hi", "id: 1", "", "", "junk"]
)


@given(st.lists(LINES, max_size=20), st.sets(st.integers(0, 150), max_size=6))
def test_lines_of_all_sorts_are_the_same_events_however_they_are_cut(
    lines: list[str], cuts: set[int]
) -> None:
    stream = "\n".join(lines).encode()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    bytewise = decoded(*(bytes([byte]) for byte in stream))
    assert decoded(*(stream[a:b] for a, b in pairwise(edges))) == bytewise
    assert decoded(stream) == bytewise


def test_an_image_fits_into_an_event() -> None:
    assert MAX_EVENT_BYTES == 64 * 1024 * 1024
    [event] = decoded(b"data: " + b"x" * 3_000_000 + b"\n\n")
    assert len(event.data) == 3_000_000


@pytest.mark.usefixtures("small_events")
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("cut", [1_000, 33_333, 10**9])
def test_a_reader_that_only_reads_along_passes_over_what_is_too_long(end: bytes, cut: int) -> None:
    long = end.join([b"event: image", b"data: " + b"x" * MANY, b"data: y", b": z", b"", b""])
    stream = b"data: a\n\n" + long + b"data: b\n\n"
    decoder = SSEDecoder(skips=True)
    pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]
    found = [event for piece in pieces for event in decoder.feed(piece)]
    assert found == [SSEEvent("", "a"), SSEEvent("", "b")]
    assert (decoder.skipped, decoder.problem) == (1, None)
