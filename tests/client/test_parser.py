"""Bytes in, an answer out: how the network cut them must not matter."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from fakes.raw_server import CHUNKED, LAST_CHUNK, OK, chunk, whole
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.client.answer import Answer
from tierwatch.client.faults import ClientFault, CutError, UnreachableError
from tierwatch.client.parser import AnswerParser


class Read(NamedTuple):
    """What was read of some bytes."""

    status: int
    body: bytes
    whole: bool
    reusable: bool
    fault: str = ""


def read(*pieces: bytes, end: bool = False) -> Read:
    parser, answer = AnswerParser(), Answer()
    parser.expect(answer)
    fault = ""
    try:
        for piece in pieces:
            parser.feed(piece)
        if end:
            parser.end()
    except ClientFault as error:
        fault = type(error).__name__
    return Read(answer.status, answer.take(), answer.whole, answer.reusable, fault)


def in_pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(raw) + 1) for cut in cuts} | {0, len(raw)})
    return [raw[a:b] for a, b in pairwise(places)]


WHOLE = {
    "length": whole(b"body"),
    "chunks": CHUNKED + chunk(b"bo") + chunk(b"dy") + LAST_CHUNK,
    "trailers": CHUNKED + b"4;a=b\r\nbody\r\n0\r\nx-a: b\r\nx-c: d\r\n\r\n",
    "interim": b"HTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Go\r\n\r\n" + whole(b"body"),
    "many headers": whole(b"body", headers=b"".join(b"x-%d: yyyy\r\n" % n for n in range(99))),
    "upgrade offered": OK + b"upgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 4\r\n\r\nbody",
}


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
@given(cuts=st.lists(st.integers(0, 2_000), max_size=12))
def test_pieces_do_not_matter(raw: bytes, cuts: list[int]) -> None:
    assert read(*in_pieces(raw, cuts)) == Read(200, b"body", whole=True, reusable=True)


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
def test_a_byte_at_a_time(raw: bytes) -> None:
    pieces = [raw[n : n + 1] for n in range(len(raw))]
    assert read(*pieces) == Read(200, b"body", whole=True, reusable=True)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_garbage_is_a_fault_or_incomplete_and_never_a_crash(raw: bytes, cuts: list[int]) -> None:
    found = read(*in_pieces(raw, cuts), end=True)
    assert found.fault in {"BrokenAnswerError", "UnreachableError"}


@given(
    raw=st.sampled_from(sorted(WHOLE.values())),
    at=st.integers(0, 2_000),
    noise=st.binary(min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 2_000), max_size=5),
)
def test_noise_in_an_answer_is_read_the_same_however_it_is_cut(
    raw: bytes, at: int, noise: bytes, cuts: list[int]
) -> None:
    at %= len(raw)
    spoilt = raw[:at] + noise + raw[at + len(noise) :]
    at_once, cut = read(spoilt, end=True), read(*in_pieces(spoilt, cuts), end=True)
    assert (at_once.status, at_once.fault, at_once.whole) == (cut.status, cut.fault, cut.whole)


@given(raw=st.sampled_from(sorted(WHOLE.values())), at=st.integers(0, 2_000))
def test_an_answer_that_ends_early_is_never_taken_for_whole(raw: bytes, at: int) -> None:
    cut = raw[: at % len(raw)]
    assert read(cut, end=True).fault in {"CutError", "UnreachableError"}


def test_one_answer_after_the_other() -> None:
    parser = AnswerParser()
    for body in (b"a", b"", b"c" * 100_000):
        answer = Answer()
        parser.expect(answer)
        parser.feed(whole(body))
        assert (answer.whole, answer.reusable, answer.take()) == (True, True, body)


@pytest.mark.parametrize(
    "surplus", [b"HTTP/1.1 2", whole(b"more"), b"EXTRA", b"\x00", b"HTTP/1.1 100 Go\r\n\r\n"]
)
def test_what_follows_a_whole_answer_only_ends_the_connection(surplus: bytes) -> None:
    wanted = Read(200, b"body", whole=True, reusable=False)
    assert read(whole(b"body") + surplus) == wanted
    assert read(whole(b"body"), surplus) == wanted


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n",
        OK + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n",
        OK + b"content-length: 4\r\ncontent-length: 4\r\n\r\n",
        OK + b"content-length: -1\r\n\r\n",
        OK + b"content-length: 99999999999999999999999\r\n\r\n",
        OK + b"content-length: 4\r\n x\r\n\r\n",
        OK + b"content length: 4\r\n\r\n",
        OK + b"x: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\ncontent-length: 0\n\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"-4\r\n",
        CHUNKED + b"4\r\nbodyX",
        CHUNKED + b"FFFFFFFFFFFFFFFFFF\r\n",
    ],
)
def test_broken_http(raw: bytes) -> None:
    assert read(raw).fault == "BrokenAnswerError"


@pytest.mark.parametrize(
    "endless",
    [
        OK + b"x: ",
        OK,
        CHUNKED + chunk(b"body") + b"0\r\nx: ",
        CHUNKED + chunk(b"body") + b"0\r\n",
        CHUNKED + b"4;",
        b"HTTP/1.1 103 Hints\r\n\r\n",
    ],
)
def test_what_brings_no_body_is_bounded(endless: bytes) -> None:
    line = b"HTTP/1.1 103 Hints\r\n\r\n" if b"103" in endless else b"x" * 500
    if endless.endswith(b"\r\n") and b"103" not in endless:
        line = b"x: " + b"y" * 500 + b"\r\n"
    assert read(endless, *[line] * 4_000).fault == "BrokenAnswerError"


def test_a_large_body_is_not_bounded_here() -> None:
    size = 10_000_000
    pieces = [OK + b"content-length: %d\r\n\r\n" % size, *[b"x" * 100_000] * 100]
    assert read(*pieces) == Read(200, b"x" * size, whole=True, reusable=True)


def test_the_end_of_the_connection_is_the_end_of_an_answer_that_does_not_say_its_own() -> None:
    assert read(OK + b"\r\nbo", b"dy", end=True) == Read(200, b"body", whole=True, reusable=False)
    assert not read(OK + b"\r\nbody").whole


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", UnreachableError),
        (b"HTTP/1.1 2", UnreachableError),
        (b"HTTP/1.1 103 Hints\r\n\r\n", UnreachableError),
        (OK + b"content-length: 4\r\n\r\nbod", CutError),
        (CHUNKED + chunk(b"body"), CutError),
    ],
)
def test_the_end_of_the_connection_in_the_middle(raw: bytes, fault: type[ClientFault]) -> None:
    assert read(raw, end=True).fault == fault.__name__


@pytest.mark.parametrize(
    ("raw", "reusable"),
    [
        (whole(b"a"), True),
        (whole(b"a", headers=b"connection: close\r\n"), False),
        (whole(b"a", headers=b"Connection: Close\r\n"), False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\na", True),
        (b"HTTP/1.1 204 None\r\n\r\n", True),
    ],
)
def test_whether_the_connection_is_kept(raw: bytes, *, reusable: bool) -> None:
    assert read(raw).reusable is reusable


def test_headers_of_interim_answers_and_trailers_are_not_the_answers() -> None:
    parser, answer = AnswerParser(), Answer()
    parser.expect(answer)
    parser.feed(b"HTTP/1.1 103 Hints\r\nx: interim\r\n\r\n")
    parser.feed(CHUNKED + chunk(b"body") + b"0\r\nx: trailer\r\n\r\n")
    assert answer.whole
    assert answer.header("x") == ""
