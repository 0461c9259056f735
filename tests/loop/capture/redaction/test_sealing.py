"""Media are sealed under a key, for their place, and open nowhere else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.redaction.sealing import Sealer, SealError, build_sealer, read_keys

ONE, OTHER = bytes(range(32)), bytes(range(1, 33))


@given(plain=st.binary(max_size=300), place=st.text(max_size=20))
def test_what_was_sealed_opens_at_its_place(plain: bytes, place: str) -> None:
    place = place.encode("utf-8", "replace").decode()
    sealer = Sealer([ONE])
    sealed = sealer.seal(place, plain)
    assert sealer.open(place, sealed) == plain
    assert sealed != sealer.seal(place, plain)  # the same twice does not show
    assert len(plain) < 8 or plain not in sealed


@pytest.mark.parametrize(
    ("keys", "place", "change"),
    [
        ([OTHER], "exchange/name", lambda sealed: sealed),
        ([ONE], "another/name", lambda sealed: sealed),
        ([ONE], "exchange/name", lambda sealed: sealed[:-1]),
        ([ONE], "exchange/name", lambda sealed: sealed[:20] + b"x" + sealed[21:]),
        ([ONE], "exchange/name", lambda _: b""),
    ],
)
def test_nothing_opens_under_another_key_at_another_place_or_damaged(
    keys: list[bytes], place: str, change: object
) -> None:
    assert callable(change)
    sealed = Sealer([ONE]).seal("exchange/name", b"an image of some size")
    with pytest.raises(SealError):
        Sealer(keys).open(place, change(sealed))


def test_an_older_key_opens_and_the_newest_seals() -> None:
    old, both = Sealer([ONE]), Sealer([OTHER, ONE])
    assert both.open("p", old.seal("p", b"x")) == b"x"
    with pytest.raises(SealError):
        old.open("p", both.seal("p", b"x"))


def test_keys_are_read_as_the_setting_has_them() -> None:
    one, other = base64.b64encode(ONE).decode(), base64.urlsafe_b64encode(OTHER).decode()
    assert read_keys(f" {one}, {other},") == (ONE, OTHER)
    assert read_keys("") == ()
    assert build_sealer("") is None
    assert build_sealer(one) is not None
    for wrong in ("short", "AAAA", "no base64!"):
        with pytest.raises(ValueError, match=r"bytes|base64"):
            read_keys(wrong)
