"""The intake's own pulls: by the same door, once each, and what is wrong is counted."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from factories.sources import CONFIG
from fakes.intake import RunningIntake
from fakes.vendor_pages import KEYS, FakeOpenAI, completion
from fakes.waiting import until
from sqlalchemy import Engine

from tierwatch.config.watch import PullConfig
from tierwatch.intake.keeping.receiving import Delivery, Outcome
from tierwatch.intake.pulling.going import Going
from tierwatch.intake.pulling.rounds import Pull

PULLS = """\
  pulls:
    - {{source: chat, kind: openai, base_url: "{url}", key: env:OPENAI_KEY, every: 100ms}}
watch:
"""


@pytest.fixture
def openai() -> Iterator[tuple[FakeOpenAI, str]]:
    fake = FakeOpenAI(*(completion(n, time.time() - 60 - n) for n in range(5)))
    with fake.served() as url:
        yield fake, url


def pulling(url: str) -> str:
    return CONFIG.replace("watch:\n", PULLS.format(url=url))


def test_calls_are_fetched_counted_and_sampled_like_any(
    openai: tuple[FakeOpenAI, str], engine: Engine, tmp_path: Path
) -> None:
    fake, url = openai
    with RunningIntake(engine, tmp_path, pulling(url), environ=KEYS) as intake:
        intake.stored(5)
        fake.records.append(completion(50, time.time() - 5))  # and on it goes
        intake.stored(6)
        assert intake.counts() == {("chat", "calls"): 6, ("chat", "sampled"): 6}
        assert {row.tier for row in intake.rows("select tier from exchanges")} == {"simple"}
        # Asked to end before that, the next process would read some of them once more.
        until(lambda: len(remembered(tmp_path)) == 6, 60)
    # The next process goes on where this one was.
    with RunningIntake(engine, tmp_path, pulling(url), environ=KEYS) as intake:
        fake.records.append(completion(51, time.time() - 5))
        intake.stored(1)
        assert intake.counts()["chat", "calls"] == 7
        assert ("chat", "repeat") not in intake.counts()


def remembered(folder: Path) -> dict[str, float]:
    """What the pull knows that it has taken."""
    (kept,) = (folder / "data" / "pulls").glob("*.json")
    seen: dict[str, float] = json.loads(kept.read_bytes())["seen"]
    return seen


def test_pages_are_larger_than_a_body_may_be(engine: Engine, tmp_path: Path) -> None:
    """A page of 5 MB and a record as large, where no more than 4 MiB may wait."""
    now = time.time()
    fake = FakeOpenAI(*(completion(n, now - 60 - n, note="x" * 400_000) for n in range(12)))
    fake.records.append(completion(50, now - 30, note="x" * 5_000_000))
    with fake.served() as url:
        config = pulling(url).replace("watch:\n", "  max_body_mb: 1\nwatch:\n")
        with RunningIntake(engine, tmp_path, config, environ=KEYS) as intake:
            intake.stored(12)
            until(lambda: ("chat", "unread") in intake.counts(), 60)
            assert intake.counts() == {
                ("chat", "calls"): 12,
                ("chat", "sampled"): 12,
                ("chat", "unread"): 1,
            }
            until(lambda: len(remembered(tmp_path)) == 13, 60)


class Door:
    """Answers as it is told to."""

    most_body = 1_000_000

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.counted: dict[str, int] = {}
        self.bodies: list[bytes] = []

    def offer(self, delivery: Delivery) -> bool:
        status = self.statuses.pop(0) if self.statuses else 202
        if status == 0:
            return False
        if status == 202:
            assert delivery.kind.read is not None
            readings = delivery.kind.read(delivery.body, "")
            for what, number in readings.counted.items():
                self.counted[what] = self.counted.get(what, 0) + number
            self.bodies.append(delivery.body)
        delivery.done(Outcome(status))
        return True


def going(fake: FakeOpenAI, door: Door, folder: Path) -> Going:
    config = PullConfig.model_validate(
        {"source": "chat", "kind": "openai", "key": "env:OPENAI_KEY", "every": "5m"}
    )
    return Going(Pull(config, KEYS, folder, transport=fake.transport), door)  # type: ignore[arg-type]


def test_a_refused_key_is_counted_each_time_and_said_once_a_minute(tmp_path: Path) -> None:
    fake, door = FakeOpenAI(), Door()
    fake.refuses = True
    one = going(fake, door, tmp_path)
    with structlog.testing.capture_logs() as logs:
        assert [one.step(), one.step()] == [60.0, 60.0]
    assert door.counted == {"pull_refused": 2}
    (said,) = logs
    assert (said["source"], said["problem"]) == ("chat", "the key is not accepted (HTTP 401)")


def test_a_vendor_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    fake, door = FakeOpenAI(), Door()
    fake.told = [httpx.Response(429, headers={"retry-after": "900"})]
    one = going(fake, door, tmp_path)
    with structlog.testing.capture_logs():
        assert one.step() == 900.0
    assert door.counted == {"pull_failed": 1}
    assert one.step() == 300.0


def test_what_the_door_sheds_is_offered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwatch.intake.pulling.going._FULL_PAUSE_S", 0.0)
    fake = FakeOpenAI(completion(1, time.time() - 60))
    door = Door(429, 0, 202)
    assert going(fake, door, tmp_path).step() == 300.0
    assert len(door.bodies) == 1


def test_what_the_door_cannot_read_stops_nothing(tmp_path: Path) -> None:
    fake = FakeOpenAI(completion(1, time.time() - 60))
    one = going(fake, Door(413), tmp_path)
    assert one.step() == 300.0
    assert one.step() == 300.0
    assert sum(path.endswith("/messages") for path in fake.paths) == 1


def test_many_bytes_are_several_bodies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwatch.intake.pulling.going._MOST_LINES_BYTES", 700)
    fake, door = FakeOpenAI(*(completion(n, time.time() - 60) for n in range(5))), Door()
    going(fake, door, tmp_path).step()
    assert sum(body.count(b"\n") for body in door.bodies) == 5
    assert len(door.bodies) > 1
    assert all(len(body) <= 700 for body in door.bodies if body.count(b"\n") > 1)


def test_no_body_is_larger_than_the_door_takes(tmp_path: Path) -> None:
    fake, door = FakeOpenAI(*(completion(n, time.time() - 60) for n in range(5))), Door()
    door.most_body = 1_000
    going(fake, door, tmp_path).step()
    assert sum(body.count(b"\n") for body in door.bodies) == 5
    assert all(len(body) <= 1_000 for body in door.bodies)


def test_it_ends_while_a_full_door_is_waited_for(tmp_path: Path) -> None:
    fake, door = FakeOpenAI(completion(1, time.time() - 60)), Door(*[0] * 1000)
    one = going(fake, door, tmp_path)
    one.start()
    until(lambda: len(door.statuses) < 1000, 60)
    one.stop()
    one.join(within_s=60)
    assert door.counted == {}
