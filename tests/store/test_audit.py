"""The audit keeps who did what, with whatever JSON can hold."""

from sqlalchemy import Connection, text

from tierwatch.store.audit import add_audit


def test_a_line_is_kept_with_its_detail(connection: Connection) -> None:
    add_audit(connection, actor="ada", action="policy.made", subject="policy/1")
    add_audit(
        connection,
        actor="token:ci",
        action="proposal.approved",
        subject="proposal/12",
        why='says "so"',
        thresholds={"simple": 0.7},
        none=None,
    )
    rows = connection.execute(
        text("select actor, action, subject, detail from audit order by id")
    ).all()
    assert [tuple(row) for row in rows] == [
        ("ada", "policy.made", "policy/1", {}),
        (
            "token:ci",
            "proposal.approved",
            "proposal/12",
            {"why": 'says "so"', "thresholds": {"simple": 0.7}, "none": None},
        ),
    ]
