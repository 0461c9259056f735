"""Gateways with different files share a database, and none overwrites the other's policy."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fakes.collaborators import scalar
from fakes.outage import Outage
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from tierwatch.loop.decide.file_policies import FilePolicies, fingerprint
from tierwatch.routing.policy import Policy

A = Policy(1, {"simple": 0.7, "standard": 0.6})
B = Policy(1, {"simple": 0.8, "medium": 0.5})


class Gateway:
    """A gateway as far as its policies go."""

    def __init__(self, engine: Engine, first: Policy, **options: Any) -> None:
        self.said: list[tuple[int, tuple[str, ...]]] = []
        self.agreed = 0
        self.now = 0.0
        self.policies = FilePolicies(
            engine=engine,
            first=first,
            learned=options.get("learned", True),
            file="abc",
            differs=self._differs,
            agrees=self._agrees,
            clock=lambda: self.now,
        )

    def _differs(self, connection: Connection, active: Policy, own: Policy) -> None:
        assert connection.in_transaction()
        self.said.append((active.version, tuple(own.thresholds)))

    def _agrees(self, connection: Connection) -> None:
        assert connection.in_transaction()
        self.agreed += 1

    def poll(self) -> int | None:
        """The version it should serve by from now on; None for the last one."""
        self.now += 1
        policies = self.policies()
        return None if policies is None else policies.stable.version


def versions(engine: Engine) -> int:
    return scalar(engine, "select count(*) from policies")


def active(engine: Engine) -> int:
    return scalar(engine, "select stable_version from active_policy")


def test_two_files_on_one_database_make_two_policies_and_no_more(engine: Engine) -> None:
    """Seen before: 47 versions, and as many lines of audit, in 25 s."""
    a, b = Gateway(engine, A), Gateway(engine, B)
    assert (a.poll(), b.poll()) == (1, 2)
    for _ in range(25):
        assert a.poll() is None  # it keeps what it serves by
        assert b.poll() == 2
    assert versions(engine) == 2
    assert scalar(engine, "select count(*) from audit") == 1
    assert (len(a.said), len(b.said)) == (1, 0)


def test_restarts_of_both_kinds_bring_back_what_was_there(engine: Engine) -> None:
    """A gateway that keeps dying and starting is no reason for new versions either."""
    assert Gateway(engine, A).poll() == 1
    for _ in range(5):
        assert Gateway(engine, B).poll() == 2
        assert Gateway(engine, A).poll() == 1
    assert versions(engine) == 2


def test_a_rolling_change_ends_with_the_new_files_policy(engine: Engine) -> None:
    old = [Gateway(engine, A) for _ in range(3)]
    assert [gateway.poll() for gateway in old] == [1, 1, 1]
    new = []
    while old:
        new.append(Gateway(engine, B))
        assert new[-1].poll() == 2
        old.pop().policies.close()
        assert [gateway.poll() for gateway in old] == [None] * len(old)
        assert [gateway.poll() for gateway in new] == [2] * len(new)
    assert active(engine) == 2
    assert versions(engine) == 2


def test_a_file_that_is_taken_back_has_its_thresholds_as_they_were_last(engine: Engine) -> None:
    Gateway(engine, A).poll()
    with engine.begin() as connection:  # what retuning would have found
        connection.execute(
            text('update policies set thresholds = \'{"simple": 0.9, "standard": 0.4}\'')
        )
    assert Gateway(engine, B).poll() == 2
    back = Gateway(engine, A)
    policies = back.policies()
    assert policies is not None
    assert dict(policies.stable.thresholds) == {"simple": 0.9, "standard": 0.4}


def test_many_that_start_at_once_adapt_once(engine: Engine) -> None:
    assert Gateway(engine, A).poll() == 1
    new = [Gateway(engine, B) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(Gateway.poll, new)) == {2}
    assert versions(engine) == 2
    assert scalar(engine, "select count(*) from audit") == 1


def test_many_that_start_at_once_on_an_empty_database_store_one_policy(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(Gateway.poll, [Gateway(engine, A) for _ in range(8)]))
    assert found == {1}
    assert versions(engine) == 1


def test_it_is_said_once_a_minute_and_taken_back_when_it_fits_again(engine: Engine) -> None:
    a = Gateway(engine, A)
    a.poll()
    b = Gateway(engine, B)
    b.poll()
    for _ in range(61):
        assert a.poll() is None
    assert len(a.said) == 2  # the alert may have been resolved by one that left
    assert a.said[0] == (2, ("simple", "standard"))
    assert Gateway(engine, A).poll() == 1
    assert a.poll() == 1
    assert a.agreed == 1
    a.policies.close()
    assert a.agreed == 1


def test_who_leaves_takes_back_what_it_said(engine: Engine) -> None:
    a = Gateway(engine, A)
    a.poll()
    Gateway(engine, B).poll()
    a.poll()
    a.policies.close()
    assert a.agreed == 1


def test_a_start_without_postgres_is_made_up_for(engine: Engine) -> None:
    Gateway(engine, A).poll()
    outage = Outage(engine)
    b = Gateway(outage.engine, B)
    for _ in range(3):
        with pytest.raises(OperationalError):
            b.poll()
    assert active(engine) == 1
    outage.end()
    assert b.poll() == 2
    assert active(engine) == 2


def test_a_database_that_is_emptied_while_it_runs_is_left_empty(engine: Engine) -> None:
    a = Gateway(engine, A)
    a.poll()
    with engine.begin() as connection:
        connection.execute(text("delete from active_policy"))
    assert a.poll() is None
    assert scalar(engine, "select count(*) from active_policy") == 0


def test_a_model_that_the_file_cannot_use_is_not_taken_and_not_taken_away(engine: Engine) -> None:
    plain = Gateway(engine, A, learned=False)
    plain.poll()
    with engine.begin() as connection:
        connection.execute(text("update policies set classifier = 7"))
    assert plain.poll() is None
    assert scalar(engine, "select classifier from policies") == 7


FIRST = Policy(1, {"simple": 0.7})
TIERS = {"simple": "small-1", "top": "large-1"}


@pytest.mark.parametrize(
    ("first", "tiers", "classifier"),
    [
        (Policy(1, {"simple": 0.8}), TIERS, "llm"),
        (FIRST, TIERS | {"simple": "small-2"}, "llm"),
        (FIRST, {"simple": "small-1", "best": "large-1"}, "llm"),
        (FIRST, dict(reversed(TIERS.items())), "llm"),
        (FIRST, TIERS, "local"),
    ],
)
def test_the_fingerprint_changes_with_what_matters(
    first: Policy, tiers: dict[str, str], classifier: str
) -> None:
    same = fingerprint(FIRST, TIERS, classifier="llm")
    assert same == fingerprint(Policy(1, {"simple": 0.7}), dict(TIERS), classifier="llm")
    assert fingerprint(first, tiers, classifier=classifier) != same
