from sqlalchemy import Connection, text

from tierwatch.store.judgements.input_hours import (
    end_alarm,
    forget_other_hours,
    load_hours,
    put_hour,
    read_monitor,
)


def test_an_hour_is_read_as_it_was_written_and_others_are_left_out(connection: Connection) -> None:
    put_hour(connection, 1, 5, [1, 2])
    put_hour(connection, 1, 5, [1, 3])
    put_hour(connection, 2, 5, [9, 9])
    assert load_hours(connection, 1, [5, 6]) == {5: [1, 3]}
    assert load_hours(connection, 1, []) == {}


def test_what_is_no_list_of_counts_is_left_out(connection: Connection) -> None:
    put_hour(connection, 1, 5, [1])
    connection.execute(text("update monitors set state = '[1]'"))
    assert load_hours(connection, 1, [5]) == {}


def test_only_the_hours_of_the_policies_named_stay(connection: Connection) -> None:
    for version in (1, 2, 3):
        put_hour(connection, version, 0, [1])
    forget_other_hours(connection, {2, 3})
    assert load_hours(connection, 1, [0]) == {}
    assert load_hours(connection, 3, [0]) == {0: [1]}


def test_an_alarm_is_ended_by_its_stream(connection: Connection) -> None:
    put_hour(connection, 1, 0, [1])
    connection.execute(
        text("update monitors set alarmed = true, state = cast(:state as jsonb)"),
        {"state": '{"weekly": {"n": 7, "evidence": [1, 2, 3]}}'},
    )
    end_alarm(connection, "input|p1|h0")
    found = read_monitor(connection, "input|p1|h0")
    assert found is not None
    assert not found.alarmed
    assert found.state == {"weekly": {"n": 7, "evidence": [0, 0, 0]}}
    assert read_monitor(connection, "nothing") is None
