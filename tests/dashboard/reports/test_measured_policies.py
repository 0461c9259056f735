import datetime as dt

import factories.rows as put
from factories.rows import NOW
from sqlalchemy import Connection, text

from tierwatch.config import Config
from tierwatch.dashboard.reports.measured_policies import measured_policies


def test_each_version_has_what_it_changed_and_what_was_measured_then(
    connection: Connection, config: Config
) -> None:
    put.add_policy(connection, 1, simple=0.7)
    put.add_policy(connection, 2, simple=0.6)
    put.add_policy(connection, 3, simple=0.6)
    connection.execute(
        text("update policies set created_at = :now + (version - 9) * interval '1 day'"),
        {"now": NOW},
    )
    made_by = put.add_proposal(
        connection,
        state="active",
        candidate_version=2,
        ended_at=NOW - dt.timedelta(days=6, hours=9),
    )
    found = measured_policies(connection, config, None, NOW)
    assert [line.version for line in found.lines] == [3, 2, 1]
    assert found.changes == {2: ("simple 0.70 → 0.60",), 3: ()}
    assert {version: one.id for version, one in found.proposals.items()} == {2: made_by}
    # The third changes nothing.
    assert found.effects.keys() == {2}
    assert [one.tier for one in found.effects[2].tiers] == ["simple"]
    assert found.before is None


def test_a_version_whose_base_is_on_an_older_page_has_its_changes(
    connection: Connection, config: Config
) -> None:
    for version in range(1, 53):
        put.add_policy(connection, version, simple=round(0.3 + version / 100, 2))
    found = measured_policies(connection, config, None, NOW)
    assert (found.before, found.changes[3]) == (3, ("simple 0.32 → 0.33",))
    assert [line.version for line in measured_policies(connection, config, 3, NOW).lines] == [2, 1]
