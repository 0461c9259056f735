"""The shape of a process's log: one line an event, readable or JSON."""

import json
from collections.abc import Iterator

import pytest
import structlog

from tierwatch.runtime.log_lines import configure_logging
from tierwatch.settings import Settings


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_json_lines_have_event_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"))
    structlog.get_logger().warning("left_alone", provider="p", seconds=4)
    line = json.loads(capsys.readouterr().out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "left_alone", "level": "warning", "provider": "p", "seconds": 4}


def test_console_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="console"))
    structlog.get_logger().info("left_alone", provider="p")
    line = capsys.readouterr().out
    assert "left_alone" in line
    assert "provider=p" in line
    assert "\x1b" not in line  # logs go to files: no colours


@pytest.mark.parametrize(
    ("level", "written"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)],
)
def test_only_the_asked_level_and_above_is_logged(
    capsys: pytest.CaptureFixture[str], level: str, written: int
) -> None:
    configure_logging(Settings(log_format="json", log_level=level))
    log = structlog.get_logger()
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert len(capsys.readouterr().out.splitlines()) == written


def test_an_exception_is_written_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"))
    try:
        int("no such tier")
    except ValueError:
        structlog.get_logger().exception("failed")
    line = json.loads(capsys.readouterr().out)
    assert "ValueError: invalid literal" in line["exception"]
    assert "test_log_lines.py" in line["exception"]
