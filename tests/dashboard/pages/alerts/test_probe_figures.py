import datetime as dt
from typing import Any

import factories.evidence as stored
from factories.rows import NOW, add_alert
from sqlalchemy import Connection, insert

from tierwatch.dashboard.pages.alerts.probe_figures import ProbeFigures, probe_figures
from tierwatch.evalsets import probes
from tierwatch.store.alerts import load_alert
from tierwatch.store.schema.checks import EvalsetRunRow, ProbeAnswerRow

DAY = dt.timedelta(days=1)


def asked(connection: Connection, at: dt.datetime, *, fails: int, set_version: str) -> None:
    """A run over the first 30 probes, of which the first ones fail."""
    run_id = connection.execute(
        insert(EvalsetRunRow)
        .values(
            kind="probes", subject="simple", model="small-1", set_version=set_version, why="x",
            started_at=at, ended_at=at, until=at,
        )
        .returning(EvalsetRunRow.id)
    ).scalar_one()  # fmt: skip
    for number, probe in enumerate(probes().items[:30]):
        passed = number >= fails
        reply = probe.answer if passed else probe.wrong
        connection.execute(
            insert(ProbeAnswerRow).values(
                run_id=run_id, probe_id=probe.id, passed=passed, reply=reply, cost_usd=0.0
            )
        )


def figures(connection: Connection, **changes: Any) -> ProbeFigures | None:
    alert = load_alert(connection, add_alert(connection, opened_at=NOW, **changes))
    assert alert is not None
    return probe_figures(connection, alert, now=NOW + DAY)


def test_failing_probes_are_shown_with_question_and_replies(connection: Connection) -> None:
    whole = probes().version
    asked(connection, NOW - 9 * DAY, fails=2, set_version=whole)
    asked(connection, NOW, fails=26, set_version=whole)
    found = figures(connection, kind="model_drift")
    assert found is not None
    assert (found.failing, found.passed_at_first, len(found.lines)) == (24, 28, 20)
    known = {one.id: one for one in probes().items}
    for line in found.lines:
        probe = known[line.id]
        assert line.asked[:20] == " ".join(probe.prompt.split())[:20]
        assert line.now[:20] == " ".join(probe.wrong.split())[:20]
        assert line.expected


def test_of_another_set_the_replies_alone_are_known(connection: Connection) -> None:
    for at, fails in ((NOW - 9 * DAY, 0), (NOW, 1)):
        asked(connection, at, fails=fails, set_version="probes/older")
    found = figures(connection, kind="model_drift")
    assert found is not None
    [line] = found.lines
    assert (line.asked, line.expected) == ("", "")
    assert line.at_first
    assert line.now


def test_a_misroute_has_them_where_its_cause_is_the_model(connection: Connection) -> None:
    for at, fails in ((NOW - 9 * DAY, 0), (NOW, 1)):
        asked(connection, at, fails=fails, set_version=probes().version)
    assert figures(connection) is None
    assert figures(connection, attribution=stored.attribution(cause="mix")) is None
    assert figures(connection, attribution=stored.attribution(cause="model")) is not None
    assert figures(connection, tier="standard", kind="model_drift") is None
