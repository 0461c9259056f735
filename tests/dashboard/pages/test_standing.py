import datetime as dt
from typing import Any

from factories.rows import JUDGE, add_outcome, add_pair
from sqlalchemy import Connection, insert

from tierwatch.config import Config
from tierwatch.dashboard.pages.standing import Certificate, Standing, standing
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.labels.labels import add_label
from tierwatch.store.schema.checks import AnchorVerdictRow, EvalsetRunRow

AT = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)


def shown(connection: Connection, config: Config) -> Standing:
    return standing(connection, config, newest_judge_version(connection) or "")


def test_before_the_first_verdict_nothing_is_known(connection: Connection, config: Config) -> None:
    found = shown(connection, config)
    assert (found.judge_version, found.labelled, found.pairs) == ("", 0, 0)
    assert found.runs == ()
    assert found.certificate is None
    assert found.halve == {"simple": None, "standard": None}
    assert not any(line.labels.enough or line.anchors.enough for line in found.lines)


def _label(connection: Connection, number: int, judged: str, said: str) -> None:
    pair = add_pair(connection, number, judged)
    add_outcome(connection, number, float(judged == "alternative"), exchange_id=pair)
    add_label(
        connection, pair, reviewer="ada", preferred=said, shown_first="served", note=""
    )  # fmt: skip


def test_labels_measure_the_judge_that_spoke_last(connection: Connection, config: Config) -> None:
    # Truly worse: 3, of which the judge finds 2. Not worse: 4, of which it clears 3.
    for number, (judged, said) in enumerate(
        [("alternative", "alternative")] * 2 + [("tie", "alternative")]
        + [("tie", "tie")] * 3 + [("alternative", "tie")]
    ):  # fmt: skip
        _label(connection, number, judged, said)
    found = shown(connection, config)
    figures = {line.name: line.labels for line in found.lines}
    assert found.judge_version == JUDGE
    assert (found.labelled, found.pairs) == (7, 7)
    assert figures["Recognises worse answers"].value == 2 / 3
    assert figures["Clears the others"].value == 3 / 4
    assert figures["Same verdict (better, tie, worse)"].value == 5 / 7


def test_weakness_is_said_of_each_tier_with_a_tolerance(
    connection: Connection, config: Config
) -> None:
    _label(connection, 1, "alternative", "alternative")
    weak = shown(connection, config).weak_for
    assert set(weak) <= {"simple", "standard"}
    assert all(one.reason for one in weak.values())


def test_anchors_are_a_column_of_their_own(connection: Connection, config: Config) -> None:
    _label(connection, 1, "tie", "tie")
    run = connection.execute(
        insert(EvalsetRunRow)
        .values(
            kind="anchors", subject=JUDGE, model="judge-1", set_version="1", why="schedule",
            started_at=AT, until=AT, ended_at=AT,
        )
        .returning(EvalsetRunRow.id)
    ).scalar_one()  # fmt: skip
    rows = [
        {
            "run_id": run, "anchor_id": f"a{number}", "truth": "a", "longer": "a",
            "verdict": "a" if number < 9 else "tie", "orders_agree": True, "cost_usd": 0.0,
        }
        for number in range(10)
    ]  # fmt: skip
    connection.execute(insert(AnchorVerdictRow), rows)
    found = shown(connection, config)
    same = next(line for line in found.lines if line.name.startswith("Same verdict (better"))
    assert same.anchors.value == 0.9
    assert same.labels.n == 1
    [line] = found.runs
    assert (line.kind, line.subject, line.items, line.good) == ("anchors", JUDGE, 10, 9)


def test_a_certificate_counts_its_verdicts() -> None:
    rows: Any = [{"verdict": word} for word in ("holds", "holds", "fails", "undecided")]
    certificate = Certificate(AT, "0.1.0", quick=True, rows=tuple(rows))
    assert [certificate.count(word) for word in ("holds", "fails", "undecided", "x")] == [
        2,
        1,
        1,
        0,
    ]


def test_slips_are_said_once_somebody_has_labelled(connection: Connection, config: Config) -> None:
    assert shown(connection, config).slips == ""
    _label(connection, 1, "tie", "tie")
    assert shown(connection, config).slips.startswith("Slips of people are not measured: 0 of")
