"""Who acts, and what their role allows."""

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from tierwatch.errors import UsageError

Role = Literal["viewer", "reviewer", "approver", "admin"]


# Each may do what the ones before it may, and more.
ROLES: tuple[Role, ...] = ("viewer", "reviewer", "approver", "admin")

# Before the name of a token, where a person's stands otherwise; no user's name begins so.
PROGRAM: Final = "token:"
_LONGEST_NAME = 100
LONGEST_SUBJECT = 500

# What the audit calls those who are nobody's account.
_NOBODY = frozenset({"tierwatch", "configuration", "command.line", "oidc", "proxy", "--approve"})
# Alphabets whose letters look alike: a name has letters of one of them.
_ALIKE = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE")


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: a user of the pages, or a token of the JSON API.

    Attributes:
        name: of the user, or ``token:`` and the token's name; what the audit shows.
        role: what they may do.
        must_change: the password was given out once and should be replaced.
        stamp: changes with the password, so that a new password ends older sessions.
        owner: of a token, the person who answers for it; None where nobody is known to.
    """

    name: str
    role: Role
    must_change: bool = False
    stamp: str = ""
    owner: str | None = None

    @property
    def answerable(self) -> str | None:
        """The person who answers for what is done: of a token its owner, None where it has none.

        >>> Person("ada", "approver").answerable, Person("token:ci", "approver").answerable
        ('ada', None)
        >>> Person("token:ci", "approver", owner="ada").answerable
        'ada'
        """
        return self.owner if self.name.startswith(PROGRAM) else self.name

    def may(self, needed: Role) -> bool:
        """Whether this role includes ``needed``.

        >>> Person("ada", "approver").may("reviewer"), Person("bob", "viewer").may("reviewer")
        (True, False)
        """
        return ROLES.index(self.role) >= ROLES.index(needed)


def accepted_name(name: str) -> str:
    """The name of a user or a token; UsageError when it could not be typed, shown or addressed."""
    fits = 0 < len(name) <= _LONGEST_NAME and name.isprintable()
    # An address of the API ends in the name, where a slash or a dot alone means something else.
    if not fits or " " in name or "/" in name or name in {".", ".."}:
        raise UsageError(
            f"name: found {name[:_LONGEST_NAME]!r};"
            f" accepted: 1 to {_LONGEST_NAME} characters, no spaces, no slash"
        )
    return name


def accepted_user_name(name: str) -> str:
    """The name of a user; UsageError as well when the audit would show somebody else by it."""
    own = accepted_name(name)
    if own.casefold() in _NOBODY or own.casefold().startswith(PROGRAM):
        raise UsageError(f"name: found {own!r}, which the audit uses for what is no user")
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in own}
    if unicodedata.normalize("NFKC", own) != own or len(alphabets.intersection(_ALIKE)) > 1:
        raise UsageError(
            f"name: found {own!r}; accepted: plain letters of one alphabet, so that no name looks"
            " like another"
        )
    return own


def accepted_role(role: str) -> Role:
    """The role of this name, or UsageError naming the four there are."""
    for known in ROLES:
        if role == known:
            return known
    raise UsageError(f"role: found {role!r}; accepted: {', '.join(ROLES)}")
