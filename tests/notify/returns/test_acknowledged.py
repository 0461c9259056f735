"""Whose signature a call has, and what the audit calls whoever made it."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.notify.returns.acknowledged import Signer, actor_of, signer_of

ONE, TWO = Signer("one", {}), Signer("two", {})


def digest(secret: str, body: bytes = b"body") -> str:
    return hmac.new(secret.encode(), body, "sha256").hexdigest()


@pytest.mark.parametrize(
    ("signatures", "found"),
    [
        ([digest("one")], ONE),
        ([digest("two")], TWO),
        (["", "0" * 64, digest("two")], TWO),
        ([], None),
        ([""], None),
        ([digest("three")], None),
        ([digest("one", b"another body")], None),
        ([digest("one").upper()], None),
        (["ü" * 64], None),
    ],
)
def test_whose_signature_it_is(signatures: list[str], found: Signer | None) -> None:
    assert signer_of(b"body", signatures, [ONE, TWO]) == found


def test_without_signers_nobody_is_believed() -> None:
    assert signer_of(b"body", [digest("one")], []) is None


@given(st.binary(max_size=50), st.text(max_size=70))
def test_a_guess_is_nobodys(body: bytes, guess: str) -> None:
    assert signer_of(body, [guess], [ONE]) is None


def test_a_secret_is_not_shown() -> None:
    assert "one" not in repr(ONE)


@pytest.mark.parametrize(
    ("person", "name", "actor"),
    [
        ("U1", "whatever they call themselves", "ada (slack)"),
        ("U2", "Bo", "slack: Bo"),
        ("U2", "Bo\nadmin\x1b[1m", "slack: Bo admin [1m"),
        ("U2", "", "slack: U2"),
        ("", None, "slack: None"),
        ("", "", "slack: somebody"),
    ],
)
def test_what_the_audit_calls_somebody(person: str, name: object, actor: str) -> None:
    assert actor_of("slack", person, name, {"U1": "ada"}) == actor


def test_a_name_is_cut() -> None:
    assert len(actor_of("slack", "U2", "x" * 900, {})) == 7 + 80
