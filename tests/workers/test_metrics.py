"""A worker's metrics: what its tasks did, what waits for it, and who may read it."""

import socket
from collections.abc import Iterator
from contextlib import closing
from wsgiref.simple_server import WSGIServer

import httpx
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from tierwatch_workers.metrics import WorkerMetrics, show

SERIES = {
    "tierwatch_worker_tasks",
    "tierwatch_worker_task_seconds",
    "tierwatch_worker_tasks_in_flight",
    "tierwatch_worker_queue_messages",
    "tierwatch_worker_broker_up",
    "tierwatch_faults",
}
TOKEN = "a token of sixteen"


def _shown(metrics: WorkerMetrics, token: str) -> Iterator[str]:
    server = show(metrics, "127.0.0.1", 0, token=token)
    assert isinstance(server, WSGIServer)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics()


@pytest.fixture
def url(metrics: WorkerMetrics) -> Iterator[str]:
    yield from _shown(metrics, "")


@pytest.fixture
def guarded(metrics: WorkerMetrics) -> Iterator[str]:
    yield from _shown(metrics, TOKEN)


def _lines(metrics: WorkerMetrics) -> list[str]:
    return generate_latest(metrics.registry).decode().splitlines()


def test_names_stay_and_each_says_what_it_is(metrics: WorkerMetrics) -> None:
    families = list(metrics.registry.collect())
    assert {one.name for one in families} == SERIES
    assert all(one.documentation.endswith(".") for one in families)


def test_tasks_are_counted_by_how_they_ended(metrics: WorkerMetrics) -> None:
    begun = metrics.begins()
    other = metrics.begins()
    assert "tierwatch_worker_tasks_in_flight 2.0" in _lines(metrics)
    metrics.ends("observe_outcomes", begun, done=True)
    metrics.ends("observe_outcomes", other, done=False)
    lines = _lines(metrics)
    assert "tierwatch_worker_tasks_in_flight 0.0" in lines
    for outcome in ("done", "fault"):
        name = "tierwatch_worker_tasks_total"
        assert f'{name}{{outcome="{outcome}",task="observe_outcomes"}} 1.0' in lines
    assert 'tierwatch_worker_task_seconds_count{task="observe_outcomes"} 2.0' in lines


def test_a_queue_is_counted_while_the_broker_answers(metrics: WorkerMetrics) -> None:
    metrics.watch_queue(lambda: 12)
    assert "tierwatch_worker_queue_messages 12.0" in _lines(metrics)
    assert "tierwatch_worker_broker_up 1.0" in _lines(metrics)
    metrics.watch_queue(lambda: None)
    text = "\n".join(_lines(metrics))
    assert "\ntierwatch_worker_queue_messages " not in text
    assert "tierwatch_worker_broker_up 0.0" in text


def test_pages_of_the_port(url: str) -> None:
    assert httpx.get(f"{url}/healthz").text == "ok\n"
    assert httpx.get(f"{url}/").status_code == 404
    page = httpx.get(f"{url}/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    assert "tierwatch_worker_tasks_in_flight 0.0" in page.text


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("", 401),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
    ],
)
def test_with_a_token_it_is_asked_for(guarded: str, shown: str, status: int) -> None:
    page = httpx.get(f"{guarded}/metrics", headers={"authorization": shown} if shown else {})
    assert page.status_code == status
    assert httpx.get(f"{guarded}/healthz").status_code == 200


def test_a_taken_port_keeps_nobody_from_working(metrics: WorkerMetrics) -> None:
    with closing(socket.socket()) as taken, capture_logs() as logs:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert show(metrics, "127.0.0.1", taken.getsockname()[1], token="") is None
    assert logs[0]["event"] == "no metrics are shown"
