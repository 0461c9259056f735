"""An alert fires at a real Alertmanager while it is open here, and ends there when it ends here."""

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from factories.rows import add_alert
from fakes.alertmanager import AMTOOL, PROGRAM, alertmanager
from fakes.socket_receiver import Sockets, sockets
from sqlalchemy import Engine, text

from tierwatch.loop.notify.deliver import NotifyRules, deliver_alerts
from tierwatch.loop.notify.trial import send_test
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.notify.channels.alertmanager import AlertmanagerDestination

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="prometheus-alertmanager is not installed"),
]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "not within a minute"
        time.sleep(0.1)


def notified(receiver: Sockets) -> list[str]:
    return [json.loads(body)["status"] for body in receiver.bodies]


def run(engine: Engine, url: str, *, due: bool = True) -> None:
    if due:
        with engine.begin() as connection:
            connection.execute(text("update step_runs set ran_at = ran_at - interval '1 hour'"))
    here = AlertmanagerDestination(url, "am", {"team": "search"})
    deliver_alerts(engine=engine, destinations=[here], rules=NotifyRules("https://w.example"))


def test_an_alert_from_its_opening_to_its_end(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        alert = add_alert(connection)
    with sockets(200) as receiver:
        with alertmanager(tmp_path, receiver=receiver.url) as there:
            run(engine, there.url)
            until(lambda: notified(receiver) == ["firing"])
            [found] = there.alerts()
            assert found["status"]["state"] == "active"
            assert found["labels"]["team"] == "search"
            assert found["generatorURL"] == f"https://w.example/alerts/{alert}"
            if AMTOOL is not None:
                assert [one["labels"] for one in there.by_amtool()] == [found["labels"]]
            with engine.begin() as connection:
                acknowledge_alert(connection, alert, actor="ada")
            run(engine, there.url)
            [still] = there.alerts()
            assert still["fingerprint"] == found["fingerprint"]
            assert still["startsAt"] == found["startsAt"]
            assert still["annotations"]["acknowledged_by"] == "ada"
        # It forgets all that it held, and is given it again by the next repeat.
        port = int(there.url.rsplit(":", 1)[1])
        with alertmanager(tmp_path, receiver=receiver.url, port=port) as there:
            assert there.alerts() == []
            run(engine, there.url)
            until(lambda: len(there.alerts()) == 1)
            with engine.begin() as connection:
                resolve_alert(connection, alert, actor="bo")
            run(engine, there.url)
            until(lambda: notified(receiver)[-1] == "resolved")
            assert there.alerts() == []
            for _ in range(3):  # it is said again that it has ended, and nobody hears of it
                run(engine, there.url)
            time.sleep(3)  # two groups' intervals and one to spare
    assert notified(receiver)[-2:] == ["firing", "resolved"]
    assert notified(receiver).count("resolved") == 1


def test_a_test_arrives(tmp_path: Path) -> None:
    with (
        sockets(200) as receiver,
        alertmanager(tmp_path, receiver=receiver.url) as there,
    ):
        here = AlertmanagerDestination(there.url)
        [trial] = send_test([here], site="", actor="ada", now=dt.datetime.now(dt.UTC))
        assert (trial.taken, trial.answer) == (True, "HTTP 200")
        until(lambda: notified(receiver) == ["firing"])
