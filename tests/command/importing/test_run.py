"""`tierwatch import`: each call once, bad lines named, and on from where it ended."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories.sources import CONFIG
from sqlalchemy import Engine, text

from tierwatch.command.importing import run as work
from tierwatch.command.importing.run import MOST_SAID, Import, run_import
from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import DatabaseError, TierwatchError, UsageError
from tierwatch.intake.files import lines
from tierwatch.intake.files.kinds import FILE_KINDS
from tierwatch.intake.keeping import importing
from tierwatch.settings import Settings, read_settings

Run = Callable[..., int]
Counts = Callable[[], dict[str, int]]


def line(number: int, **changes: Any) -> str:
    """A call as a line of ours."""
    call = {
        "source_id": f"r-{number}", "started_at": time.time() - 60, "asked": "fast",
        "model": "gpt-5-mini-2", "finish_reason": "stop", "finished": True,
        "request": {"messages": [{"role": "user", "content": f"What is {number}?"}]},
        "answer": {"role": "assistant", "content": "A number."},
    }  # fmt: skip
    return json.dumps(call | changes) + "\n"


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return replace(
        read_settings({}),
        config=tmp_path / "tierwatch.yaml",
        data_dir=tmp_path / "data",
        database_url=engine.url.render_as_string(hide_password=False),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.jsonl"


@pytest.fixture
def run(settings: Settings, file: Path) -> Run:
    def imported(
        kind: str = "tierwatch",
        source: str = "old",
        from_line: int | None = None,
        dispatch: KeptDispatch | None = None,
        **changes: Any,
    ) -> int:
        return run_import(
            Import(file, kind, source, from_line),
            settings=replace(settings, **changes),
            environ={},
            dispatch=dispatch or KeptDispatch(),
        )

    return imported


@pytest.fixture
def counts(engine: Engine) -> Counts:
    def found() -> dict[str, int]:
        asked = (
            "select what, sum(calls)::int as calls from source_counts"
            " where source = 'old' group by 1"
        )
        with engine.connect() as connection:
            return {row.what: row.calls for row in connection.execute(text(asked))}

    return found


def test_calls_of_a_file_are_counted_and_sampled_as_live_ones_are(
    run: Run, file: Path, counts: Counts, engine: Engine, capsys: Any
) -> None:
    file.write_text("".join(map(line, range(5))))
    dispatch = KeptDispatch()
    assert run(dispatch=dispatch) == 0
    assert len(dispatch.sent) == 5
    assert counts() == {"calls": 5, "sampled": 5}
    with engine.connect() as connection:
        stored = connection.execute(text("select tier from exchanges")).all()
    assert [tier for (tier,) in stored] == ["simple"] * 5
    said = capsys.readouterr()
    assert "line 5, 100 % of the file: 5 stored" in said.out
    assert f"{file} to line 5: 5 stored, 0 stored before" in said.out
    assert said.err == ""


def test_a_second_run_goes_on_and_one_from_the_begin_adds_nothing(
    run: Run, file: Path, counts: Counts, capsys: Any
) -> None:
    file.write_text("".join(map(line, range(3))))
    run()
    with file.open("a") as more:
        more.write(line(3) + line(4))
    capsys.readouterr()
    assert run() == 0
    said = capsys.readouterr().out
    assert "going on behind line 3" in said
    assert "to line 5: 2 stored, 0 stored before" in said
    assert run(from_line=1) == 0
    assert "0 stored, 5 stored before" in capsys.readouterr().out
    assert run(from_line=5) == 0
    assert "0 stored, 1 stored before" in capsys.readouterr().out
    assert run(from_line=50) == 0
    assert counts() == {"calls": 5, "sampled": 5, "repeat": 6}


def test_the_same_call_of_another_source_is_another_call(
    run: Run, file: Path, counts: Counts
) -> None:
    file.write_text(line(1))
    run(source="new")
    run()
    assert counts()["calls"] == 1


def test_bad_lines_are_named_and_hinder_none_of_the_others(
    run: Run, file: Path, counts: Counts, capsys: Any
) -> None:
    file.write_text(line(0) + '{"a": 1}\n' + "nonsense\n\n" + line(1) + "[]\n")
    assert run() == 1
    second, third = capsys.readouterr().err.splitlines()
    assert second.startswith("line 2: no source_id, started_at or request; a line is an object")
    assert third.startswith("line 3: this is not JSON")
    assert (counts()["calls"], counts()["bad_line"]) == (2, 2)


def test_a_file_of_another_kind_says_so_without_going_on_for_ever(
    run: Run, file: Path, capsys: Any
) -> None:
    file.write_text('{"a": 1}\n' * (MOST_SAID + 7))
    assert run() == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == MOST_SAID + 1
    assert said[-1].startswith("7 more lines could not be read; a line is")


def test_a_line_that_is_still_being_written_is_read_again(
    run: Run, file: Path, counts: Counts
) -> None:
    first, second = line(0), line(1)
    file.write_text(first + second[:40])
    assert run() == 1
    file.write_text(first + second)
    assert run() == 0
    assert (counts()["calls"], counts().get("repeat")) == (2, None)


def test_of_a_line_without_end_no_more_is_kept_than_says_so(
    run: Run, file: Path, counts: Counts, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(work, "LONGEST", 2_000)
    monkeypatch.setattr(work, "_CHUNK", 100)
    monkeypatch.setattr(lines, "LONGEST", 2_000)
    file.write_text(line(0) + "[" + "1, " * 5_000 + "1]\n" + line(1))
    assert run() == 1
    said = capsys.readouterr()
    assert said.err.startswith("line 2: longer than 2,000 bytes")
    assert "line 3, 100 % of the file" in said.out
    assert counts()["calls"] == 2
    # The place behind it is right, and so is one in front of which it stands.
    assert run() == 0
    assert "to line 3: 0 stored, 0 stored before" in capsys.readouterr().out
    assert run(from_line=3) == 0
    assert "to line 3: 0 stored, 1 stored before" in capsys.readouterr().out


def test_what_was_stored_before_it_was_killed_is_not_counted_again(
    run: Run, file: Path, counts: Counts, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    file.write_text("".join(map(line, range(7))))
    keep = work.PlaceFile.keep
    monkeypatch.setattr(importing, "GROUP", 2)

    def killed(self: Any, opened: Any, place: Any) -> None:
        if place.lines == 6:  # behind the third group: stored, and its place not kept
            raise KeyboardInterrupt
        keep(self, opened, place)

    with monkeypatch.context() as patched:
        patched.setattr(work.PlaceFile, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert counts()["calls"] == 6
    capsys.readouterr()
    assert run() == 0
    said = capsys.readouterr().out
    assert "going on behind line 4" in said
    assert "1 stored, 2 stored before" in said
    assert counts()["calls"] == 7


def test_another_file_of_the_same_name_is_read_from_its_begin(
    run: Run, file: Path, counts: Counts, capsys: Any
) -> None:
    file.write_text("".join(map(line, range(3))))
    run()
    file.write_text("".join(map(line, range(10, 15))))
    run()
    assert "going on" not in capsys.readouterr().out
    assert counts()["calls"] == 8


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"kind": "csv"}, f"--source: found 'csv'; accepted: {', '.join(FILE_KINDS)}"),
        ({"source": "a b"}, "--name: found 'a b'; accepted: 1 to 40 letters"),
        ({"source": "x" * 41}, "accepted: 1 to 40 letters"),
        ({"source": ""}, "accepted: 1 to 40 letters"),
    ],
)
def test_wrong_use_reads_nothing(run: Run, options: Any, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        run(**options)
    assert what in str(refused.value)


def test_without_postgres_nothing_is_read(run: Run, file: Path) -> None:
    file.write_text(line(0))
    with pytest.raises(DatabaseError, match="Postgres cannot be used"):
        run(database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_a_file_that_cannot_be_read_is_a_sentence(run: Run) -> None:
    with pytest.raises(TierwatchError, match="No such file"):
        run()


def test_nothing_is_in_an_empty_file(run: Run, file: Path, counts: Counts, capsys: Any) -> None:
    file.write_text("")
    assert run() == 0
    assert "to line 0: 0 stored" in capsys.readouterr().out
    assert counts() == {}


def test_telemetry_is_read_from_the_begin_each_time(run: Run, file: Path, capsys: Any) -> None:
    file.write_text('{"resourceSpans": []}\n' * 3)
    assert run(kind="otlp") == 0
    assert run(kind="otlp") == 0
    assert "going on" not in capsys.readouterr().out
