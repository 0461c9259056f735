import pytest

from tierwatch.config.people import RolesConfig
from tierwatch.dashboard.access.outside import groups_in, listed, roles_by_name


@pytest.mark.parametrize(
    ("said", "groups"),
    [
        (["ops", "dev"], ("ops", "dev")),
        (("ops",), ("ops",)),
        (["ops", 7, None, {"name": "dev"}], ("ops",)),
        ("ops", ("ops",)),
        ("ops interns", ("ops interns",)),
        ("cn=ops,ou=interns", ("cn=ops,ou=interns",)),
        ("", ()),
        ({"ops": True}, ()),
        (None, ()),
        (True, ()),
    ],
)
def test_groups_in_a_claim(said: object, groups: tuple[str, ...]) -> None:
    assert groups_in(said) == groups


def test_names_in_a_header_may_hold_spaces() -> None:
    assert listed(" release managers ,, ops ") == ("release managers", "ops")


def test_roles_by_name() -> None:
    roles = roles_by_name(RolesConfig(admin=("ops",), viewer=("*",)))
    assert dict(roles) == {"viewer": ("*",), "reviewer": (), "approver": (), "admin": ("ops",)}
