"""A real Prometheus scrapes gateway, intake, worker and dashboard, and answers board and rules."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tierwatch.command.launch.processes import recorded_process, stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.command.replaying.effective_config import write_effective_config
from tierwatch.command.replaying.sender import Progress, exchanges, replay_traffic
from tierwatch.config import load_config
from tierwatch.local import Stack, free_port
from tierwatch.settings import Settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "evalsets" / "demo"
BOARD = ROOT / "deploy" / "grafana" / "tierwatch.json"
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
KEY, TOKEN = "a-key-of-the-proxy-alone", "a-token-for-scrapers"
REQUESTS = 120
WITHIN_S = 150.0
# What has not happened in a healthy run of two minutes: no labels means nothing of the sort at all.
QUIET = {
    "tierwatch_evaluation_misroute_corrected_rate": "nobody has labelled anything",
    "tierwatch_evaluation_judge_anchor_accuracy": "anchors are off",
    "tierwatch_evaluation_judge_trusted": "anchors are off",
    "tierwatch_evaluation_alerts": "no alert is open",
    "tierwatch_evaluation_notifications_": "no destination is named",
    "tierwatch_gateway_attempts_failed_total": "no call failed",
    "tierwatch_gateway_cache_lookups_total": "the cache is off",
    "tierwatch_gateway_key_cost_usd_total": "no key has a name",
    "tierwatch_gateway_outside_evidence_total": "all traffic can be evidence",
    "tierwatch_faults_total": "nothing failed",
    "tierwatch:evaluation_pending:age_seconds": "nothing waits once all is judged",
    "changes(": "no policy changed",
}


class Prometheus:
    """A server of the test's own."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=10)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The samples that a query has now."""
        answer = self._client.get("/api/v1/query", params={"query": query})
        body = answer.json()
        assert body["status"] == "success", (query, body)
        return list(body["data"]["result"])

    def get(self, path: str) -> dict[str, Any]:
        return dict(self._client.get(f"/api/v1/{path}").json()["data"])

    def ready(self) -> bool:
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._client.close()


def _wait(met: Callable[[], object], what: str) -> None:
    began = time.monotonic()
    while not met():
        assert time.monotonic() - began < WITHIN_S, what
        time.sleep(0.3)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The four processes, with traffic behind them."""
    folder = tmp_path_factory.mktemp("scraped")
    environ = {**without_settings(os.environ), "PROXY_KEY": KEY}
    with Stack(folder, say=lambda _: None, environ=environ) as stack:
        provider = free_port()
        path = write_effective_config(
            DEMO / "tierwatch.yaml", sample_rate=1, folder=folder, recorded_port=provider
        )
        file = yaml.safe_load(path.read_text())
        file["intake"] = {
            "keys": [{"source": "proxy", "key": "env:PROXY_KEY", "accepts": "litellm"}]
        }
        file["watch"] = {"tiers": {tier: [tier] for tier in file["routing"]["tiers"]}}
        path.write_text(yaml.safe_dump(file, sort_keys=False))
        found = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            config=path,
            gateway_port=free_port(),
            dashboard_port=free_port(),
            intake_port=free_port(),
            worker_metrics_port=free_port(),
            metrics_token=TOKEN,
            secret_key="s" * 40,
            worker_threads=8,
            observe_every_s=1,
            sweep_every_s=2,
            rollout_every_s=2,
            conversation_idle_s=2,
            anchors_every_s=0,
            probes_every_s=0,
            types_every_s=0,
            log_level="warning",
        )
        prepare_database(found, load_config(path))
        traffic = DEMO / "items.jsonl"
        stack.start(recorded_process(found, traffic, provider))
        for process in stack_processes(found, intake=True):
            stack.start(process)
        progress = Progress()
        replay_traffic(
            exchanges(traffic, progress, limit=REQUESTS),
            gateway_url=f"http://127.0.0.1:{found.gateway_port}",
            progress=progress,
            hold=lambda: False,
            stop=lambda: False,
            every_s=0.02,
        )
        call = {
            "litellm_call_id": "c-1", "call_type": "acompletion", "status": "success",
            "model": "openai/x", "model_group": "simple", "startTime": time.time() - 3,
            "endTime": time.time() - 2, "prompt_tokens": 1, "completion_tokens": 1,
            "messages": [{"role": "user", "content": "Q"}], "model_parameters": {},
            "response": {"choices": [
                {"finish_reason": "stop", "message": {"role": "assistant", "content": "A"}}
            ]},
        }  # fmt: skip
        taken = httpx.post(
            f"http://127.0.0.1:{found.intake_port}/litellm",
            json=[call],
            headers={"authorization": f"Bearer {KEY}"},
        )
        assert taken.status_code == 202, taken.text
        try:
            yield found
        finally:
            stack.discard()


@pytest.fixture(scope="module")
def prometheus(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    file = yaml.safe_load((RULES.parent / "prometheus.yml").read_text())
    file["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    file["rule_files"] = [str(RULES)]
    del file["alerting"]
    ports = {
        "tierwatch-gateway": settings.gateway_port,
        "tierwatch-dashboard": settings.dashboard_port,
        "tierwatch-intake": settings.intake_port,
        "tierwatch-worker": settings.worker_metrics_port,
    }
    for job in file["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]
        job["authorization"] = {"credentials": TOKEN}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(file))
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        server = Prometheus(f"http://127.0.0.1:{port}")
        try:
            _wait(server.ready, "Prometheus starts")
            yield server
        finally:
            server.close()
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def scraped(prometheus: Prometheus) -> Prometheus:
    """All four answer, all is judged, and the windows of the rates have samples."""
    jobs = ("gateway", "dashboard", "intake", "worker")

    def up() -> bool:
        found = {one["metric"]["job"]: one["value"][1] for one in prometheus.ask("up")}
        return found == {f"tierwatch-{job}": "1" for job in jobs}

    _wait(up, "four targets are up")
    judged = 'tierwatch_evaluation_sampled_exchanges{stage="judged"} > 20'
    _wait(lambda: prometheus.ask(judged), "pairs are judged")
    _wait(lambda: prometheus.ask("tierwatch:gateway_cost_usd:rate1h"), "rates are recorded")
    _wait(lambda: prometheus.ask("tierwatch_intake_calls_stored_total > 0"), "the call is stored")
    return prometheus


def _quiet(query: str) -> bool:
    return any(name in query for name in QUIET)


def _board() -> list[tuple[str, str]]:
    board = json.loads(BOARD.read_text())
    return [
        (panel["title"], target["expr"])
        for panel in board["panels"]
        for target in panel.get("targets", [])
    ]


def test_no_query_of_the_board_is_empty_but_for_what_did_not_happen(scraped: Prometheus) -> None:
    empty = [
        (title, query) for title, query in _board() if not scraped.ask(query) and not _quiet(query)
    ]
    assert empty == []


def test_the_rules_are_loaded_and_healthy(scraped: Prometheus) -> None:
    loaded = [rule for group in scraped.get("rules")["groups"] for rule in group["rules"]]
    file = yaml.safe_load(RULES.read_text())
    assert len(loaded) == sum(len(group["rules"]) for group in file["groups"])
    _wait(
        lambda: all(
            rule["health"] == "ok"
            for group in scraped.get("rules")["groups"]
            for rule in group["rules"]
        ),
        "every rule was evaluated",
    )


def test_a_healthy_stack_alerts_on_nothing(scraped: Prometheus) -> None:
    found = scraped.ask('ALERTS{alertstate="firing"}')
    assert [one["metric"]["alertname"] for one in found] == []


def test_no_name_is_shown_by_two_processes_with_two_meanings(scraped: Prometheus) -> None:
    shared = scraped.ask(
        'count by (__name__) (count by (__name__, job) ({__name__=~"tierwatch_.+"})) > 1'
    )
    assert {one["metric"]["__name__"] for one in shared} <= {"tierwatch_faults_total"}


def test_earlier_names_say_the_same(scraped: Prometheus) -> None:
    for before, now in (
        ("tierwatch_requests_total", "tierwatch_gateway_requests_total"),
        ("tierwatch_captured_exchanges", "tierwatch_evaluation_captured_exchanges"),
    ):
        assert (
            scraped.ask(f"sum({before})")[0]["value"][1]
            == (scraped.ask(f"sum({now})")[0]["value"][1])
        )
