"""Whose word for a caller's address counts, and how far back."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.trusted_proxies import PEER, TrustedProxies, caller_address

OURS = [ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48")]
PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "seen"),
    [
        (PROXY, "", PROXY),
        (PROXY, "203.0.113.5", "203.0.113.5"),
        (PROXY, "  203.0.113.5  ", "203.0.113.5"),
        (PROXY, "203.0.113.5:4711", "203.0.113.5"),
        (PROXY, "2001:db8:9::1", "2001:db8:9::1"),
        (PROXY, "[2001:db8:9::1]:4711", "2001:db8:9::1"),
        (PROXY, "::ffff:203.0.113.5", "203.0.113.5"),
        ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("2001:db8:1::7", "203.0.113.5", "203.0.113.5"),
        # What stands left of the first stranger was written by that stranger.
        (PROXY, "1.1.1.1, 203.0.113.5", "203.0.113.5"),
        (PROXY, "10.0.0.9, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (PROXY, "203.0.113.5, 10.0.0.3, 10.0.0.2", "203.0.113.5"),
        # Everything is ours: the outermost that is known.
        (PROXY, "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # Nonsense ends the chain at whom a trusted proxy vouched for.
        (PROXY, "unknown", PROXY),
        (PROXY, "203.0.113.5, nonsense, 10.0.0.2", "10.0.0.2"),
        (PROXY, "203.0.113.5,", PROXY),
        (PROXY, "1.2.3.4.5", PROXY),
        # A stranger may say what it likes.
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("", "203.0.113.5", ""),
        ("unix:", "203.0.113.5", "unix:"),
    ],
)
def test_x_forwarded_for(peer: str, forwarded_for: str, seen: str) -> None:
    assert caller_address(peer, forwarded_for, "", OURS) == seen


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("for=203.0.113.5", "203.0.113.5"),
        ("For=203.0.113.5;proto=https;by=10.0.0.1", "203.0.113.5"),
        ('proto=https; for="203.0.113.5:4711"', "203.0.113.5"),
        ('for="[2001:db8:9::1]:4711"', "2001:db8:9::1"),
        ("for=1.1.1.1, for=203.0.113.5, for=10.0.0.2", "203.0.113.5"),
        ("for=unknown", PROXY),
        ("for=_hidden", PROXY),
        ("proto=https", PROXY),
        ("xfor=203.0.113.5", PROXY),
    ],
)
def test_forwarded(forwarded: str, seen: str) -> None:
    assert caller_address(PROXY, "", forwarded, OURS) == seen


def test_where_both_headers_differ_one_is_a_strangers_and_neither_counts() -> None:
    assert caller_address(PROXY, "203.0.113.5", "for=1.1.1.1", OURS) == PROXY
    assert caller_address(PROXY, "203.0.113.5", "for=203.0.113.5", OURS) == "203.0.113.5"


def test_nobody_is_trusted_unless_named() -> None:
    assert caller_address("127.0.0.1", "203.0.113.5", "for=203.0.113.5", []) == "127.0.0.1"


def test_a_header_of_many_hops_is_read_from_its_end() -> None:
    long = "203.0.113.5, " + "10.0.0.2, " * 30_000 + "10.0.0.2"
    assert caller_address(PROXY, long, "", OURS) == "10.0.0.2"


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from([PROXY, "203.0.113.9", "x"]))
def test_nonsense_is_never_an_error_and_never_moves_a_stranger(
    forwarded_for: str, forwarded: str, peer: str
) -> None:
    seen = caller_address(peer, forwarded_for, forwarded, OURS)
    assert peer in {PROXY, seen}


def test_the_application_sees_the_caller_and_its_server_keeps_what_it_had() -> None:
    seen: list[str] = []
    peers: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ["REMOTE_ADDR"])
        peers.append(environ[PEER])
        return [start_response]

    served = TrustedProxies(app, OURS)
    environ = {"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": "203.0.113.5"}
    assert served(environ, "started") == ["started"]  # type: ignore[arg-type]
    assert served({}, "started") == ["started"]  # type: ignore[arg-type]
    assert seen == ["203.0.113.5", ""]
    assert peers == [PROXY, ""]
    assert environ["REMOTE_ADDR"] == PROXY
