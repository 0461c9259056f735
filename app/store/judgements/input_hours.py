"""What inputs were like at each hour of the week, a row an hour, beside their stream's own row."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, text

from tierwatch.store.judgements.monitors import Monitor, put_monitor
from tierwatch.store.schema.judgements import MonitorRow
from tierwatch.store.schema.values import select_fields

_KIND = "input_hour"


def load_hours(
    connection: Connection, policy_version: int, hours: Collection[int]
) -> dict[int, list[int]]:
    """Requests by bin of confidence, by hour of the week; hours without any are left out.

    What is no list of whole numbers is left out; their values are not checked here.
    """
    names = {_stream(policy_version, hour): hour for hour in hours}
    rows = connection.execute(
        select(MonitorRow.stream, MonitorRow.state).where(MonitorRow.stream.in_(list(names)))
    )
    found = {names[row.stream]: row.state for row in rows}
    lists = {
        hour: state["counts"]
        for hour, state in found.items()
        if isinstance(state, dict) and isinstance(state.get("counts"), list)
    }
    return {hour: one for hour, one in lists.items() if all(isinstance(n, int) for n in one)}


def put_hour(connection: Connection, policy_version: int, hour: int, counts: list[int]) -> None:
    """Write what an hour of the week has been like under a policy."""
    put_monitor(
        connection,
        kind=_KIND,
        stream=_stream(policy_version, hour),
        tier="",
        task_type="all",
        policy_version=policy_version,
        judge_version="",
        state={"counts": counts},
        pairs=0,
        losses=0.0,
        newest_request_no=0,
        alarmed=False,
        estimate=None,
    )


def forget_other_hours(connection: Connection, policy_versions: Collection[int]) -> None:
    """Delete the hours of all policies but these: of one that is over, nothing is compared."""
    connection.execute(
        delete(MonitorRow).where(
            MonitorRow.kind == _KIND,
            MonitorRow.policy_version.not_in(list(policy_versions)),
        )
    )


def read_monitor(connection: Connection, stream: str) -> Monitor | None:
    """What is known of a stream, without a lock, or None."""
    row = connection.execute(
        select_fields(Monitor, MonitorRow).where(MonitorRow.stream == stream)
    ).one_or_none()
    return None if row is None else Monitor(*row)


def end_alarm(connection: Connection, stream: str) -> None:
    """Say that a weekly stream is in alarm no more: its evidence begins at nothing again."""
    connection.execute(
        text(
            "update monitors set alarmed = false,"
            " state = jsonb_set(state, '{weekly,evidence}', '[0, 0, 0]') where stream = :stream"
        ),
        {"stream": stream},
    )


def _stream(policy_version: int, hour: int) -> str:
    return f"input|p{policy_version}|h{hour}"
