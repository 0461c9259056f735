"""The checklist of a first run: what is reached, and what comes next."""

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.config import Config, JudgeConfig
from tierwatch.dashboard.pages.entrance.checklist import checklist, gateway_answers
from tierwatch.local import free_port
from tierwatch.store.pages.entrance.first_run import REACHED
from tierwatch.store.reading.one_row import read_part

GATEWAY = "http://gateway.example"
RUN = text(
    "insert into evalset_runs (kind, subject, model, set_version, why, until, ended_at)"
    " values ('anchors', 's', 'm', 'v', 'test', now(), now())"
)


@pytest.fixture
def judged(config: Config) -> Config:
    judge = JudgeConfig(model="judge-1")
    return replace(config, evaluation=config.evaluation.model_copy(update={"judge": judge}))


def done(connection: Connection, config: Config, *, there: bool = False) -> list[bool]:
    def answers(url: str) -> bool:
        assert url == GATEWAY
        return there

    return [
        one.done
        for one in checklist(
            read_part(connection, REACHED), config, gateway_url=GATEWAY, answers=answers
        )
    ]


def test_each_step_is_ticked_when_it_happens_and_the_list_goes_when_all_are(
    connection: Connection, judged: Config
) -> None:
    assert done(connection, judged) == [False] * 5
    assert done(connection, judged, there=True) == [True] + [False] * 4
    put.add_rollup(connection, "simple", 1)
    # What was served went through a gateway: nobody has to answer now.
    assert done(connection, judged) == [True, True, False, False, False]
    pair = put.add_exchange(connection, 1)
    assert done(connection, judged) == [True, True, True, False, False]
    put.add_shadow(connection, pair)
    put.add_verdict(connection, pair, "tie")
    assert done(connection, judged) == [True, True, True, True, False]
    connection.execute(RUN)
    assert done(connection, judged) == []


def test_a_judge_that_answers_no_anchors_waits_for_none(
    connection: Connection, config: Config
) -> None:
    assert len(done(connection, config)) == 4
    recorded = JudgeConfig(kind="recorded", verdicts="x")
    evaluation = config.evaluation.model_copy(update={"judge": recorded})
    assert len(done(connection, replace(config, evaluation=evaluation))) == 4


@pytest.mark.parametrize(
    ("rate", "said"),
    [(1.0, "Every request is kept"), (0.05, "About one request in 20 is"), (0.0, "No request is")],
)
def test_how_often_one_is_sampled_is_said(
    connection: Connection, config: Config, rate: float, said: str
) -> None:
    evaluation = config.evaluation.model_copy(update={"sample_rate": rate})
    steps = checklist(
        read_part(connection, REACHED),
        replace(config, evaluation=evaluation),
        gateway_url="",
        answers=lambda _: True,
    )
    assert steps[2].what.startswith(said)
    # Without an address nobody is asked, and the commands name the usual one.
    assert not steps[0].done
    assert "curl http://127.0.0.1:8420/v1" in steps[1].command


def test_the_overview_shows_it_until_everything_is_reached(
    connection: Connection, viewer: Any
) -> None:
    page = viewer.page("/")
    for said in ("First steps", "not yet", "tierwatch doctor --call", "&#34;model&#34;: &#34;auto"):
        assert said in page, said
    put.add_rollup(connection, "simple", 1)
    pair = put.add_pair(connection, 1, "tie")
    assert pair
    assert "First steps" not in viewer.page("/")


@pytest.fixture
def gateway() -> Any:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_gateway_answers_or_does_not(gateway: int) -> None:
    assert gateway_answers(f"http://127.0.0.1:{gateway}")
    # Where it listens on every address, one of them is asked.
    assert gateway_answers(f"http://0.0.0.0:{gateway}")
    assert not gateway_answers(f"http://127.0.0.1:{gateway}/elsewhere")
    assert not gateway_answers(f"http://127.0.0.1:{free_port()}")
    assert not gateway_answers("file:///etc/passwd")
    assert not gateway_answers("http://[")
