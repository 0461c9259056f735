"""How commands find the stack that runs in a folder, and never one that ran."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from factories.stacks import PYTHON, SLEEP, make

from tierwatch.errors import StackError
from tierwatch.local import Process, running_stack
from tierwatch.local.folder import STACK

PLACES = {"TIERWATCH_DATABASE_URL": "postgresql+psycopg://tierwatch:s3@127.0.0.1:5433/tierwatch"}


def write(folder: Path, **changed: object) -> None:
    own = psutil.Process()
    known = {"pid": own.pid, "started": own.create_time(), "environment": PLACES}
    (folder / STACK).write_text(json.dumps(known | changed))


def test_a_stack_that_runs_is_found_until_it_stops(folder: Path) -> None:
    with make(folder) as stack:
        stack.start(Process("a", SLEEP))
        assert running_stack(folder) is None
        stack.publish(PLACES)
        found = running_stack(folder)
        assert found is not None
        assert (found.pid, found.environment) == (os.getpid(), PLACES)
        assert (folder / STACK).stat().st_mode & 0o777 == 0o600
    assert running_stack(folder) is None
    assert not (folder / STACK).exists()


def test_what_a_killed_one_left_is_none(tmp_path: Path) -> None:
    ended = subprocess.Popen([PYTHON, "-c", ""])
    ended.wait()
    write(tmp_path, pid=ended.pid)
    assert running_stack(tmp_path) is None
    # Another process has its number by now.
    write(tmp_path, started=psutil.Process().create_time() - 100)
    assert running_stack(tmp_path) is None
    write(tmp_path)
    assert running_stack(tmp_path) is not None


@pytest.mark.parametrize(
    "changed", [{"pid": "1"}, {"started": None}, {"environment": ["a"]}], ids=str
)
def test_what_another_version_wrote_is_none(changed: dict[str, object], tmp_path: Path) -> None:
    write(tmp_path, **changed)
    assert running_stack(tmp_path) is None


def test_asking_makes_no_folder(tmp_path: Path) -> None:
    assert running_stack(tmp_path / "nowhere") is None
    assert not (tmp_path / "nowhere").exists()


def test_a_broken_file_and_another_user_s_are_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / STACK).write_text("{")
    with pytest.raises(StackError, match="repair or delete it"):
        running_stack(tmp_path)

    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(StackError, match="belongs to another user"):
        running_stack(tmp_path)


def test_a_stack_whose_parent_was_killed_is_not_found(folder: Path) -> None:
    parent = (
        "import os, sys, time; from pathlib import Path; from tierwatch.local import Stack;"
        "stack = Stack(Path(sys.argv[1]), say=print, environ=os.environ).__enter__();"
        "stack.publish({'TIERWATCH_GATEWAY_PORT': '9000'}); print('up', flush=True);"
        "time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", parent, str(folder)], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        found = running_stack(folder)
        assert found is not None
        assert found.environment == {"TIERWATCH_GATEWAY_PORT": "9000"}
        running.kill()
        running.wait()
    assert (folder / STACK).exists()
    assert running_stack(folder) is None
