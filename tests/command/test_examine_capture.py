"""`tierwatch doctor` counts, lists and puts back what could not be stored."""

import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from fakes.collaborators import build_recorder, counts, scalar, served
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.command.examine import capture_findings, letter_lines, put_back
from tierwatch.dispatch import KeptDispatch
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def letters(settings: Settings) -> DeadLetters:
    return DeadLetters(settings.spool_dir, max_bytes=1_000_000)


def test_with_nothing_there_all_is_well(settings: Settings) -> None:
    found = capture_findings(settings)
    assert [(one.what, one.detail, one.warning) for one in found] == [
        ("spool", "nothing waits", False),
        ("dead letters", "none", False),
    ]
    assert letter_lines(settings) == []


def test_what_waits_and_what_cannot_be_stored_is_a_warning_with_what_to_do(
    settings: Settings, letters: DeadLetters
) -> None:
    for at in (1_800_000_060.0, 1_800_000_000.0):
        letters.keep(Letter("exchange", "DataError 22003", at=at))
    letters.keep(Letter("redaction", "ValueError", about={"id": "x"}, at=1_900_000_000.0))
    (settings.spool_dir / "capture-a.jsonl").write_bytes(b"x" * 2_500_000)
    (settings.spool_dir / "capture-b.jsonl.unread-1").write_bytes(b"x")
    waiting, unread, dead = capture_findings(settings)
    assert waiting.detail == f"2.5 MB wait for Postgres below {settings.spool_dir}"
    assert unread.detail.endswith("not understood: capture-b.jsonl.unread-1")
    assert dead.detail == (
        "3, the oldest from 2027-01-15 08:00 UTC: 2 x exchange (DataError 22003),"
        " 1 x redaction (ValueError). Once the cause is mended: tierwatch doctor --put-back"
    )
    assert all(one.ok and one.warning for one in (waiting, unread, dead))


def test_the_list_says_when_what_and_why_and_nothing_of_it(
    settings: Settings, letters: DeadLetters
) -> None:
    letters.keep(Letter("line", "no whole JSON", line='{"request": "a secret', at=1_800_000_000.0))
    letters.keep(Letter("redaction", "ValueError", about={"id": "an-id"}, at=1_800_000_001.0))
    with (settings.spool_dir / "dead-letters.jsonl").open("ab") as file:
        file.write(b"cut")
    assert letter_lines(settings) == [
        "2027-01-15 08:00:00 line: no whole JSON",
        "2027-01-15 08:00:01 redaction: ValueError an-id",
        "not read: another version's, or cut",
    ]


def test_what_was_refused_goes_back_once_it_can(
    engine: Engine, tmp_path: Path, settings: Settings, letters: DeadLetters
) -> None:
    def redact(words: str) -> str:
        return words

    recorder = build_recorder(engine, KeptDispatch(), tmp_path, redact=redact, letters=letters)
    recorder.record(served())
    recorder.record(served(prompt_tokens=2**63))
    recorder.flush()
    assert counts(engine) == (2, 2, 1)
    whole = recorder._writer._document(_batch_of(recorder), [])
    letters.keep(Letter("line", "another shape", line=orjson.dumps(whole).decode()))
    dispatch = KeptDispatch()
    # The count and the exchange beyond bigint stay; the line is understood by now.
    assert put_back(settings, engine=engine, dispatch=dispatch) == (1, 2)
    assert counts(engine) == (3, 3, 1)
    assert len(dispatch.sent) == 1
    assert put_back(settings, engine=engine, dispatch=dispatch) == (0, 2)
    assert scalar(engine, "select count(*) from exchanges") == 2


def _batch_of(recorder: Any) -> Any:
    recorder.record(served())
    return recorder._take()


def test_the_command_puts_back_and_fails_while_any_is_left(
    engine: Engine, settings: Settings, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERWATCH_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(main, ["doctor", "--put-back"])
    assert (done.exit_code, done.output.strip()) == (0, "0 put back, 0 left")
    letters.keep(Letter("redaction", "ValueError", about={"id": "x"}, at=time.time()))
    done = CliRunner().invoke(main, ["doctor", "--put-back"])
    assert (done.exit_code, done.output.splitlines()[-1]) == (1, "0 put back, 1 left")
    done = CliRunner().invoke(main, ["doctor", "--dead-letters"])
    assert (done.exit_code, done.output.strip().endswith("redaction: ValueError x")) == (0, True)
