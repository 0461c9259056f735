"""RabbitMQ as the broker, without any Redis: a broker killed in the middle loses nothing."""

import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from fakes.rabbit import IS_INSTALLED, WHY_NOT, Rabbit, start_rabbit
from kombu import Connection
from sqlalchemy import Engine, text

from tierwatch.broker import QUEUE, why_away
from tierwatch.command.launch.processes import recorded_process, stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.command.replaying.effective_config import write_effective_config
from tierwatch.command.replaying.sender import Progress, exchanges, replay_traffic
from tierwatch.config import load_config
from tierwatch.dispatch import SHADOW, CeleryDispatch
from tierwatch.local import Stack, free_port
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not IS_INSTALLED, reason=WHY_NOT)]

DEMO = Path(__file__).parents[2] / "evalsets" / "demo"
ID = uuid.UUID(int=7)
PENDING_WITHIN_S = 120.0

# Counted, sampled (what errors pushed up a tier is not), captured, shadowed, judged, ended without.
FUNNEL = text(
    "select (select coalesce(sum(requests - errors), 0) from rollups),"
    " (select coalesce(sum(sampled), 0) from rollups), "
    " (select count(*) from exchanges where direction <> 'top'),"
    " (select count(*) from alternatives join exchanges on id = exchange_id"
    " where direction <> 'top'),"
    " (select count(*) from verdicts join exchanges on id = exchange_id where direction <> 'top'),"
    " (select count(*) from failures),"
    " (select count(*) from outcomes where position is null)"
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("rabbit")
    with Stack(folder, say=lambda _: None, environ=without_settings(os.environ)) as running:
        yield running
        running.discard()


@pytest.fixture(scope="module")
def rabbit(stack: Stack) -> Rabbit:
    return start_rabbit(stack, more="consumer_timeout = 60000")


@pytest.fixture
def dispatch(rabbit: Rabbit) -> Iterator[CeleryDispatch]:
    yield CeleryDispatch(rabbit.url)
    if QUEUE in rabbit.control("list_queues"):
        rabbit.control("delete_queue", QUEUE)


def test_a_queue_that_nobody_has_made_yet_holds_nothing(dispatch: CeleryDispatch) -> None:
    assert dispatch.backlog() == 0


def test_messages_carry_the_task_the_id_and_the_wait_and_survive_a_kill(
    rabbit: Rabbit, dispatch: CeleryDispatch
) -> None:
    assert dispatch.shadow_exchange(ID)
    assert dispatch.judge_exchange(ID, wait_s=60)
    assert not dispatch.judge_exchange(ID, wait_s=3600)  # longer than a message may be held back
    assert dispatch.backlog() == 2
    rabbit.kill()
    assert not dispatch.shadow_exchange(ID)
    assert dispatch.backlog() is None
    assert "refused" in why_away(rabbit.url, within_s=2)
    rabbit.restart()
    assert dispatch.backlog() == 2
    assert why_away(rabbit.url, within_s=5) == ""
    with Connection(rabbit.url) as connection:
        queue = connection.SimpleQueue(QUEUE)
        first, second = queue.get(timeout=5), queue.get(timeout=5)
        assert first.headers["task"] == SHADOW
        assert first.headers["eta"] is None
        assert first.properties["delivery_mode"] == 2  # written down before it was confirmed
        assert second.headers["eta"] is not None
        queue.close()


@pytest.mark.parametrize("fault", ["silent", "full"])
def test_a_broker_that_takes_nothing_holds_a_sender_up_for_seconds_and_then_not(
    rabbit: Rabbit, dispatch: CeleryDispatch, fault: str
) -> None:
    assert dispatch.shadow_exchange(ID)
    server = rabbit.stack.pid("rabbitmq")
    assert server is not None
    if fault == "silent":
        os.kill(server, signal.SIGSTOP)
    else:
        rabbit.control("set_vm_memory_high_watermark", "0.00001")
        time.sleep(0.5)
    try:
        began = time.monotonic()
        assert not dispatch.shadow_exchange(ID)
        # 3 s for the confirmation and one each to close channel and connection; 13 s by default.
        assert time.monotonic() - began < 8
        began = time.monotonic()
        assert not any(dispatch.shadow_exchange(ID) for _ in range(1_000))
        assert time.monotonic() - began < 1
    finally:
        if fault == "silent":
            os.kill(server, signal.SIGCONT)
        else:
            rabbit.control("set_vm_memory_high_watermark", "0.4")
    time.sleep(6)
    assert dispatch.shadow_exchange(ID)


def settings_of(stack: Stack, rabbit: Rabbit, recorded_port: int) -> Settings:
    return Settings(
        database_url=stack.start_postgres(),
        redis_url="",
        broker_url=rabbit.url,
        data_dir=stack.folder,
        config=write_effective_config(
            DEMO / "tierwatch.yaml",
            sample_rate=1,
            folder=stack.folder,
            recorded_port=recorded_port,
        ),
        gateway_port=free_port(),
        worker_threads=8,
        observe_every_s=1,
        conversation_idle_s=2,
        sweep_every_s=2,
        sweep_after_s=5,
        claim_s=10,
        anchors_every_s=0,
        probes_every_s=0,
        retune_every_s=3600,
        rollout_every_s=60,
        log_level="warning",
    )


def test_the_loop_runs_and_a_broker_killed_in_the_middle_loses_nothing(
    stack: Stack, rabbit: Rabbit
) -> None:
    recorded_port = free_port()
    settings = settings_of(stack, rabbit, recorded_port)
    prepare_database(settings, load_config(settings.config))
    # Calls that fail are tried again by a message that waits.
    faults = json.dumps({"error_rates": {"500": 0.05}})
    traffic = DEMO / "items.jsonl"
    stack.start(recorded_process(settings, traffic, recorded_port, options=faults))
    for process in stack_processes(settings):
        if process.name != "dashboard":
            stack.start(process)
    engine = build_engine(settings.database_url)
    try:
        progress = send_while_the_broker_is_killed(settings, rabbit)
        answered, sampled, captured, shadowed, judged, failed, unobserved = wait_for_the_end(
            stack, engine, progress.answered
        )
        assert answered == progress.answered > 200
        assert captured == sampled > 200
        assert shadowed == judged == captured - failed
        assert unobserved == 0
        again = count(engine, "attempts where error <> '' and step in ('shadow', 'judge')")
        assert again > 0  # tried again after a pause, and no worse for it
        doubled = "(select from outcomes group by exchange_id having count(*) > 1) as twice"
        assert count(engine, doubled) == 0
        assert CeleryDispatch(rabbit.url).backlog() == 0
        assert unacknowledged(rabbit) == 0
    finally:
        engine.dispose()


def send_while_the_broker_is_killed(settings: Settings, rabbit: Rabbit) -> Progress:
    progress, ended = Progress(), threading.Event()

    def sending() -> None:
        replay_traffic(
            cycle(exchanges(DEMO / "items.jsonl", progress, limit=None)),
            gateway_url=f"http://127.0.0.1:{settings.gateway_port}",
            progress=progress,
            hold=lambda: False,
            stop=ended.is_set,
            every_s=0.05,
        )

    sender = threading.Thread(target=sending, name="replay")
    sender.start()
    try:
        time.sleep(5)
        rabbit.kill()
        answered = progress.answered
        time.sleep(8)
        assert progress.answered > answered + 50  # nobody waited for the broker
        rabbit.restart()
        time.sleep(4)
    finally:
        ended.set()
        sender.join(60)
    assert not sender.is_alive()
    return progress


def wait_for_the_end(stack: Stack, engine: Engine, answered: int) -> Any:
    deadline = time.monotonic() + PENDING_WITHIN_S
    while True:
        stack.tick()
        with engine.connect() as connection:
            row = connection.execute(FUNNEL).one()
        counted, _, captured, _, judged, failed, unobserved = row
        ended = counted == answered and captured == judged + failed and not unobserved
        if ended or time.monotonic() > deadline:
            return row
        time.sleep(0.5)


def count(engine: Engine, rows: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {rows}")).scalar_one())  # noqa: S608 - the test's own


def unacknowledged(rabbit: Rabbit) -> int:
    """Messages that workers hold; every one is answered within a countdown and a try."""
    for _ in range(60):
        said = rabbit.control("list_queues", "name", "messages_unacknowledged")
        held = dict(line.split("\t") for line in said.splitlines()[1:] if "\t" in line)
        if held.get(QUEUE) == "0":
            return 0
        time.sleep(0.5)
    return int(held[QUEUE])
