"""One running tierwatch for all rows, and the table of what was seen, printed at the end."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from chaos.world import World, running_world


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the printed table."""

    what: str
    how: str
    sent: int
    failed: int
    lost: int
    doubled: int
    looks: int
    dropped: int
    dead_letters: int
    slowest_s: float
    recovery_s: float | None
    grown_mb: float


_SEEN: list[Line] = []


@pytest.fixture(scope="session")
def table() -> list[Line]:
    return _SEEN


class Worlds:
    """Keeps one running from row to row; after a row that failed the next gets a new one."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._held = ExitStack()
        self._world: World | None = None

    def current(self) -> World:
        """The one that runs, started when there is none."""
        if self._world is None:
            self._world = self._held.enter_context(running_world(self._folders.mktemp("chaos")))
        return self._world

    def end(self) -> None:
        """Stop it."""
        self._world = None
        self._held.close()


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    kept = Worlds(tmp_path_factory)
    yield kept
    kept.end()


@pytest.fixture
def world(worlds: Worlds, request: pytest.FixtureRequest) -> Iterator[World]:
    failed = request.session.testsfailed
    yield worlds.current()
    if request.session.testsfailed > failed:
        worlds.end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table in the form in which docs/operate.md keeps it."""
    if not _SEEN:
        return
    write = terminalreporter.write_line
    write("")
    write(
        "| fault | sent | failed | lost | doubled | looks at the funnel | dropped (counted) |"
        " dead letters | slowest s | recovery s | RSS growth MB |"
    )
    write("|" + "---|" * 11)
    for one in _SEEN:
        recovery = "-" if one.recovery_s is None else f"{one.recovery_s:.1f}"
        write(
            f"| {one.what}: {one.how} | {one.sent} | {one.failed} | {one.lost} | {one.doubled} |"
            f" {one.looks} | {one.dropped} | {one.dead_letters} | {one.slowest_s:.1f} |"
            f" {recovery} | {one.grown_mb:+.0f} |"
        )
