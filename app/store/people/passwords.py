"""Passwords: which are accepted, how they are kept, and what is given out once."""

import hashlib
import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tierwatch.errors import UsageError
from tierwatch.store.people.turns import Turns

SHORTEST_PASSWORD = 12

# Hashing reads the whole password; an endless one would be a way to keep the process busy.
LONGEST_PASSWORD = 1_000

# zxcvbn takes time with the square of the length: 18 ms for these, 5 s for 1,000 characters. What
# is hard to guess by its beginning is hard to guess.
_SEEN = 72
# zxcvbn's "safely unguessable" against a slow hash that was stolen: 10^8 guesses.
_LEAST_DIGITS = 8

# zxcvbn keeps the words given to it in a table of its module: one caller at a time.
_GUESSING = threading.Lock()

# RFC 9106's second recommended choice, the library's default: 64 MiB, 3 passes, about 60 ms.
_HASHER = PasswordHasher()

# Each takes 64 MiB: 8 threads that hashed at once took 450 MB. One at a time is 15 logins a second.
# Who waits holds a thread of the dashboard, of which there are 8.
_TURNS = Turns(at_once=1, waiting=2, wait_s=1.0)


def refuse_if_busy() -> None:
    """Refuse what would only wait in vain for a hash, before it costs more than this.

    Raises:
        BusyError: too many are being hashed.
    """
    _TURNS.refuse_if_full()


def password_hash(password: str) -> str:
    """What is kept of an accepted password.

    Raises:
        BusyError: as `is_password`.
    """
    with _TURNS.turn():
        return _HASHER.hash(password)


def is_password(stored_hash: str | None, password: str) -> bool:
    """Whether this is the password that was hashed.

    Without a hash it takes as long and is never right: whoever guesses names learns nothing.

    Raises:
        BusyError: too many are asked about at once; this one was not read.
    """
    with _TURNS.turn():
        try:
            _HASHER.verify(stored_hash or _nobodys_hash(), password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
    return stored_hash is not None


def accepted_password(password: str, *, name: str = "") -> str:
    """The password, or UsageError with why it is none and what is accepted.

    Args:
        password: of any length.
        name: of its user; worth nothing as a part of it.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsageError(
            f"password: found {len(password)} characters;"
            f" accepted: {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}"
        )
    # Here, as its word lists are 14 MB that hardly any process needs.
    from zxcvbn import zxcvbn  # noqa: PLC0415 - as above

    with _GUESSING:
        seen = zxcvbn(password[:_SEEN], user_inputs=[name, "tierwatch"], max_length=_SEEN)
    if seen["guesses_log10"] < _LEAST_DIGITS:
        why = (seen["feedback"]["warning"] or "It is made of common words.").rstrip(".")
        raise UsageError(
            f"password: too easy to guess. {why}; accepted: {SHORTEST_PASSWORD} characters or more"
            " that are not common words, names, dates, repeats or rows of keys, such as four words"
            " that have nothing to do with each other"
        )
    return password


def one_time_password() -> str:
    """Return a password to be printed once: 16 characters, 96 random bits."""
    return secrets.token_urlsafe(12)


def stamp_of(stored_hash: str | None) -> str:
    """What changes with a password; empty for those who have none."""
    return "" if stored_hash is None else hashlib.sha256(stored_hash.encode()).hexdigest()[:16]


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))
