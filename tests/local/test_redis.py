"""Redis of the embedded stack."""

from pathlib import Path

import pytest

from tierwatch.errors import StackError
from tierwatch.local import redis as local_redis


def test_the_newer_redis_is_taken(folder: Path) -> None:
    folder.mkdir()
    for version in ("5.0.1", "99.1.2"):
        program = folder / "redis-server"
        program.write_text(f"#!/bin/sh\necho Redis server v={version} sha=0\n")
        program.chmod(0o755)
        chosen = local_redis._newest_server({"PATH": str(folder)})
        assert (chosen == program) == (version == "99.1.2")


def test_an_old_redis_and_a_program_that_cannot_be_run_are_no_redis(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_redis, "find_spec", lambda _name: None)
    folder.mkdir()
    program = folder / "redis-server"
    for words in ("#!/bin/sh\necho Redis server v=6.1.9 sha=0\n", "#!/bin/sh\necho hello\n"):
        program.write_text(words)
        program.chmod(0o755)
        with pytest.raises(StackError, match=r"a redis-server of 6\.2 or later"):
            local_redis._newest_server({"PATH": str(folder)})
    assert local_redis._version(folder / "nothing") == ()


def test_the_password_is_in_a_file_of_the_owner_and_in_no_argument(folder: Path) -> None:
    folder.mkdir()
    process = local_redis.server(folder / "redis", port=21_000, password="s3cret", environ={})
    config = folder / "redis" / "redis.conf"
    assert process.argv[1:] == [str(config)]
    assert "requirepass s3cret\n" in config.read_text()
    assert "maxmemory-policy noeviction\n" in config.read_text()
    assert config.stat().st_mode & 0o777 == 0o600
    assert not process.is_ready()
