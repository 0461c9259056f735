import asyncio
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.client.decoding import decoded
from tierwatch.client.face import Reply
from tierwatch.client.faults import BrokenAnswerError, CutError


class Pieces:
    """A reply whose body comes in these pieces."""

    status = 200

    def __init__(self, coding: str, *pieces: bytes) -> None:
        self._coding = coding
        self._pieces = list(pieces)
        self.said: list[object] = []

    fields: tuple[tuple[bytes, bytes], ...] = ()

    def header(self, name: str) -> str:
        return self._coding if name == "content-encoding" else "other"

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def unhurried(self, silence_s: float) -> None:
        self.said.append(silence_s)

    def close(self) -> None:
        self.said.append("close")


def read(reply: Reply) -> list[bytes]:
    async def main() -> list[bytes]:
        parts = []
        while part := await reply.read():
            parts.append(part)
        return parts

    return asyncio.run(main())


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_what_is_not_compressed_stays_as_it_is(coding: str) -> None:
    reply = Pieces(coding, b"a")
    assert decoded(reply) is reply


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"body")),
        ("X-Gzip", gzip.compress(b"body")),
        ("deflate", zlib.compress(b"body")),
        ("gzip", gzip.compress(b"body") + b"garbage"),
    ],
)
def test_what_is_compressed_is_unpacked(coding: str, packed: bytes) -> None:
    assert read(decoded(Pieces(coding, packed))) == [b"body"]
    single = [packed[n : n + 1] for n in range(len(packed))]
    assert b"".join(read(decoded(Pieces(coding, *single)))) == b"body"


@given(st.binary(max_size=3_000), st.integers(1, 50))
def test_pieces_do_not_matter(body: bytes, size: int) -> None:
    packed = gzip.compress(body)
    pieces = [packed[n : n + size] for n in range(0, len(packed), size)]
    assert b"".join(read(decoded(Pieces("gzip", *pieces)))) == body


def test_each_event_is_given_out_as_it_comes() -> None:
    packer = zlib.compressobj(wbits=31)
    events = [
        packer.compress(b"data: %d\n\n" % n) + packer.flush(zlib.Z_SYNC_FLUSH) for n in range(3)
    ]
    parts = read(decoded(Pieces("gzip", *events, packer.flush())))
    assert parts == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]


def test_a_bomb_comes_in_pieces() -> None:
    """100 MB from 100 kB: who counts what he reads can stop."""
    bomb = gzip.compress(b"0" * 100_000_000, 9)
    reply = decoded(Pieces("gzip", bomb))

    async def main() -> list[int]:
        return [len(await reply.read()) for _ in range(4)]

    assert max(asyncio.run(main())) <= 256 * 1024


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "x" * 5_000])
def test_another_coding_is_refused(coding: str) -> None:
    with pytest.raises(BrokenAnswerError, match="not asked for") as caught:
        decoded(Pieces(coding, b"a"))
    assert len(str(caught.value)) < 100


def test_what_is_not_compressed_as_it_says() -> None:
    with pytest.raises(BrokenAnswerError):
        read(decoded(Pieces("gzip", b'{"choices": []}')))


def test_what_ends_early_is_cut() -> None:
    with pytest.raises(CutError):
        read(decoded(Pieces("gzip", gzip.compress(b"body")[:-4])))


def test_an_empty_body_is_one() -> None:
    assert read(decoded(Pieces("gzip"))) == []


def test_the_rest_is_the_replys_own() -> None:
    reply = Pieces("gzip")
    unpacked = decoded(reply)
    unpacked.unhurried(3)
    unpacked.close()
    assert (unpacked.status, unpacked.header("x"), reply.said) == (200, "other", [3, "close"])
