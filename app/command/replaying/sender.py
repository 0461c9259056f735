"""Send recorded traffic through a running gateway over HTTP, in its order, showing the progress."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from rich import progress as bars

from tierwatch.command.terminal import say
from tierwatch.providers.recorded.traffic_file import BadLine, RecordedExchange, read_traffic

# Requests on their way at once: enough to keep a local gateway busy, few enough that arrival
# order is the file's order to within a handful.
_AT_ONCE = 8
_TIMEOUT_S = 60.0
_PAUSE_S = 0.1


@dataclass(slots=True)
class Progress:
    """What happened so far."""

    sent: int = 0
    answered: int = 0
    refused: int = 0
    first_refusal: str = ""
    scored: int = 0
    score_sum: float = 0.0
    bad_lines: list[BadLine] = field(default_factory=list)
    policy_versions: set[str] = field(default_factory=set)
    done: bool = False

    def add_answer(self, item: RecordedExchange, headers: Mapping[str, str]) -> None:
        """Count an answer, with the recorded grade of the tier that gave it."""
        self.answered += 1
        self.policy_versions.add(headers.get("x-tierwatch-policy-version", ""))
        answer = item.answers.get(headers.get("x-tierwatch-tier", ""))
        if answer is not None and answer.score is not None:
            self.scored += 1
            self.score_sum += answer.score

    def add_refusal(self, why: str) -> None:
        """Count a request without an answer; the first one's reason is kept."""
        self.refused += 1
        self.first_refusal = self.first_refusal or why


def exchanges(path: Path, progress: Progress, *, limit: int | None) -> Iterator[RecordedExchange]:
    """Read the file, setting bad lines aside, up to ``limit`` exchanges."""
    taken = 0
    for item in read_traffic(path):
        if isinstance(item, BadLine):
            progress.bad_lines.append(item)
            continue
        if limit is not None and taken >= limit:
            return
        taken += 1
        yield item


def replay_traffic(
    items: Iterable[RecordedExchange],
    *,
    gateway_url: str,
    progress: Progress,
    hold: Callable[[], bool],
    stop: Callable[[], bool],
    every_s: float = 0.0,
) -> None:
    """Send every exchange; blocks until the last is answered or ``stop`` says so.

    Args:
        items: in order of arrival.
        gateway_url: as ``http://127.0.0.1:8420``.
        progress: updated as answers come.
        hold: whether to wait before the next request, because evaluation lags behind. Traffic
            is replayed much faster than it was recorded; without holding back, every request
            would be answered before the first verdict is in.
        stop: whether to give up early.
        every_s: seconds between requests; 0 for as fast as answers come.
    """

    async def replaying() -> None:
        places = asyncio.Semaphore(_AT_ONCE)
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with (
            aiohttp.ClientSession(gateway_url, timeout=timeout) as client,
            asyncio.TaskGroup() as group,
        ):
            for item in items:
                while hold() and not stop():  # noqa: ASYNC110 - asks the database, no event to wait for
                    await asyncio.sleep(_PAUSE_S)
                if stop():
                    break
                await places.acquire()
                progress.sent += 1
                sending = group.create_task(_send(client, item, progress))
                sending.add_done_callback(lambda _: places.release())
                if every_s:
                    await asyncio.sleep(every_s)

    asyncio.run(replaying())
    progress.done = True


async def _send(client: aiohttp.ClientSession, item: RecordedExchange, progress: Progress) -> None:
    body = {
        "model": "auto",
        "messages": list(item.messages),
        "metadata": {"recorded_id": item.id},
    }
    try:
        async with client.post(
            "/v1/chat/completions", json=body, headers={"x-session-id": item.session}
        ) as reply:
            said = await reply.text()
            status, headers = reply.status, reply.headers
    except (aiohttp.ClientError, TimeoutError) as problem:
        progress.add_refusal(f"{item.id}: {type(problem).__name__} {problem}")
        return
    if status != 200:  # noqa: PLR2004 - HTTP OK
        progress.add_refusal(f"{item.id}: HTTP {status} {said[:200]}")
        return
    progress.add_answer(item, headers)


@contextmanager
def progress_shown(total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a plain line every tenth otherwise."""
    if not sys.stdout.isatty():
        said = -1

        def line(answered: int, waiting: int) -> None:
            nonlocal said
            tenth = 10 * answered // max(1, total)
            if tenth > said:
                said = tenth
                say(f"replayed {answered} of {total} requests, {waiting} pairs in evaluation")

        yield line
        return
    columns = (
        bars.TextColumn("replaying"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[waiting]} pairs in evaluation"),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns) as bar:
        task = bar.add_task("replay", total=total, waiting=0)

        def move(answered: int, waiting: int) -> None:
            bar.update(task, completed=answered, waiting=waiting)

        yield move
