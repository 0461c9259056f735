import json
from pathlib import Path

import pytest

from tierwatch.errors import StackError
from tierwatch.local import embedded_postgres, embedded_redis


def keep(folder: Path, **files: object) -> None:
    for name, what in files.items():
        (folder / f"{name}.json").write_text(json.dumps(what))


def test_the_address_of_the_last_run(tmp_path: Path) -> None:
    keep(tmp_path, ports={"postgres": 5433, "redis": 6380}, credentials={"postgres": "s3"})
    assert (
        embedded_postgres(tmp_path) == "postgresql+psycopg://tierwatch:s3@127.0.0.1:5433/tierwatch"
    )


def test_without_a_stack_there_is_none(tmp_path: Path) -> None:
    """A gateway's folder has a spool and nothing else; and asking makes no folder."""
    assert embedded_postgres(tmp_path) is None
    assert embedded_postgres(tmp_path / "nowhere") is None
    assert not (tmp_path / "nowhere").exists()
    keep(tmp_path, ports={"redis": 1}, credentials={"redis": "x"})
    assert embedded_postgres(tmp_path) is None


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    with pytest.raises(StackError, match="repair or delete it"):
        embedded_postgres(tmp_path)


def test_the_address_of_its_redis(tmp_path: Path) -> None:
    assert embedded_redis(tmp_path) is None
    keep(tmp_path, ports={"redis": 6380}, credentials={"postgres": "s3"})
    assert embedded_redis(tmp_path) is None
    keep(tmp_path, credentials={"redis": "s4"})
    assert embedded_redis(tmp_path) == "redis://:s4@127.0.0.1:6380/0"
