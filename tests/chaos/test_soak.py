"""Twenty quiet minutes: nothing grows without bound.

`TIERWATCH_SOAK_S` in the environment of the tests sets another length; it is no setting of ours.
"""

import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import pytest
from chaos.load import Load
from chaos.world import OURS, TRAFFIC, World, running_world, wait_for
from redis import Redis
from sqlalchemy import text

SOAK_S = float(os.environ.get("TIERWATCH_SOAK_S", "1200"))
PER_S = 8.0
SAMPLES = 6
# From a third of the way on, when pools and caches are full: what a process may still gain.
GROWTH_MB, GROWTH_FDS = 40.0, 20
QUEUED = 200

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SOAK_S + 300)]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was there at one time."""

    at_s: float
    rss_mb: dict[str, float]
    descriptors: dict[str, int]
    queued: int
    redis_mb: float
    database_mb: float
    rows: dict[str, int]
    connections: int


def sample(world: World, redis: Redis, began: float) -> Sample:
    """Look at everything once."""
    with world.connect() as connection:
        rows = {
            name: int(number)
            for name, number in connection.execute(
                text(
                    "select relname, n_live_tup from pg_stat_user_tables"
                    " where n_live_tup > 0 order by relname"
                )
            )
        }
        database = connection.execute(
            text("select pg_database_size(current_database()) / 1048576.0")
        ).scalar_one()
        connections = connection.execute(
            text("select count(*) from pg_stat_activity where backend_type = 'client backend'")
        ).scalar_one()
    queued = redis.llen("celery")
    memory = redis.info("memory")
    assert isinstance(queued, int)
    assert isinstance(memory, dict)
    return Sample(
        at_s=time.monotonic() - began,
        rss_mb=world.rss_mb(),
        descriptors=world.descriptors(),
        queued=queued,
        redis_mb=memory["used_memory"] / 2**20,
        database_mb=float(database),
        rows=rows,
        connections=int(connections),
    )


def settled(report: dict[str, Any], answered: int) -> bool:
    """Whether every answer is counted, the last flush included, and no pair is pending."""
    return report["requests"] >= answered and not report["pending"]


def lines(samples: list[Sample]) -> list[str]:
    """The samples as a table, one column each."""
    heads = ["", *(f"at {one.at_s:.0f} s" for one in samples)]
    body = [
        *(
            [f"{name} MB; fds"]
            + [f"{one.rss_mb.get(name, 0):.0f}; {one.descriptors.get(name, 0)}" for one in samples]
            for name in OURS
        ),
        ["queue", *(str(one.queued) for one in samples)],
        ["Redis MB", *(f"{one.redis_mb:.0f}" for one in samples)],
        ["Postgres connections", *(str(one.connections) for one in samples)],
        ["database MB", *(f"{one.database_mb:.0f}" for one in samples)],
        *(
            [f"rows of {name}", *(str(one.rows.get(name, 0)) for one in samples)]
            for name in sorted({name for one in samples for name in one.rows})
        ),
    ]
    return ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *body)]


def test_nothing_grows_without_bound(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_world(tmp_path_factory.mktemp("soak")) as world:
        redis = Redis.from_url(world.settings.redis_url)
        load, began = Load(TRAFFIC, world.gateways, per_s=PER_S), time.monotonic()
        load.begin()
        samples = []
        try:
            for number in range(1, SAMPLES + 1):
                while time.monotonic() - began < number * SOAK_S / SAMPLES:
                    time.sleep(1)
                    world.stack.tick()
                samples.append(sample(world, redis, began))
        finally:
            seen = load.end()
        wait_for(
            "all counted and judged",
            lambda: settled(world.report(), seen.answered),
            within_s=60,
            stack=world.stack,
        )
        report = world.report()
        redis.close()
    said = f"sent {seen.sent}, failed {sum(seen.failed.values())}, slowest {seen.slowest_s:.2f} s"
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *lines(samples), said, ""]))
    assert seen.failed == {}
    assert report["requests"] == seen.answered
    assert report["dropped"] == 0
    early, last = samples[SAMPLES // 3 - 1], samples[-1]
    for name in OURS:
        assert last.rss_mb[name] - early.rss_mb[name] <= GROWTH_MB, name
        assert last.descriptors[name] - early.descriptors[name] <= GROWTH_FDS, name
    assert last.queued <= QUEUED
