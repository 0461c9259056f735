"""What others say of a person: their groups, read from claims and headers, as roles here."""

from collections.abc import Collection, Mapping

from tierwatch.config.people import RolesConfig
from tierwatch.store.people.roles import ROLES, Role


def roles_by_name(config: RolesConfig) -> Mapping[Role, Collection[str]]:
    """Groups by role."""
    return {role: getattr(config, role) for role in ROLES}


def groups_in(said: object) -> tuple[str, ...]:
    """Names of groups in a claim: a list of names, or one name, as some send who is in one group.

    A text is not taken apart: who is in ``ops interns`` is not in ``ops``.

    >>> groups_in(["ops", 7]), groups_in("ops interns"), groups_in(None)
    (('ops',), ('ops interns',), ())
    """
    if isinstance(said, str):
        return (said,) if said else ()
    if isinstance(said, (list, tuple)):
        return tuple(name for name in said if isinstance(name, str))
    return ()


def listed(header: str) -> tuple[str, ...]:
    """Names in a header, comma-separated; a name may hold spaces.

    >>> listed("ops, release managers,")
    ('ops', 'release managers')
    """
    return tuple(name.strip() for name in header.split(",") if name.strip())
