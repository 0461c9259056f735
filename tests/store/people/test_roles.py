from tierwatch.store.people.roles import ROLES, Person


def test_each_role_includes_the_ones_before_it() -> None:
    for place, role in enumerate(ROLES):
        allowed = [needed for needed in ROLES if Person("ada", role).may(needed)]
        assert allowed == list(ROLES[: place + 1])
