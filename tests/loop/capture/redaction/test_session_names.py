"""Names of sessions are redacted, and those that were two stay two."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.redaction.session_names import session_name

KEY = b"of this process"


def plain(words: str) -> str:
    return words


def test_sessions_that_redaction_would_make_one_stay_two() -> None:
    def gone(words: str) -> str:
        return "[GONE]" if "secret" in words else words

    ann, again, bob = (
        session_name(f"the secret of {who}", redact=gone, digest_key=KEY)
        for who in ("ann", "ann", "bob")
    )
    assert ann == again != bob
    assert ann.startswith("[GONE]#")
    assert "ann" not in ann
    # Under the key of another process the digest is another one: names cannot be tried out.
    assert session_name("the secret of ann", redact=gone, digest_key=b"other") != ann


@given(st.text(max_size=400), st.text(max_size=400))
def test_names_of_sessions_fit_and_stay_apart(one: str, other: str) -> None:
    def all_gone(_: str) -> str:
        return "[GONE]"

    first, second = (session_name(name, redact=all_gone, digest_key=KEY) for name in (one, other))
    assert (first == second) == (one == other)
    for redact in (plain, all_gone):
        name = session_name(one, redact=redact, digest_key=KEY)
        assert len(name) <= 200
        assert "\x00" not in name
