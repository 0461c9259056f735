"""The wheel, installed and used in a folder whose own modules have everybody's names.

Most web projects hold a package `app`; many hold `workers`, `migrations`, a `celery.py`.
Here each of them writes down that it was imported, and raises.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

ROOT = Path(__file__).parents[2]
FOLDERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]
TRAPS = (
    "app/__init__.py", "app/routing.py", "workers/__init__.py", "workers/tasks.py",
    "migrations/__init__.py", "evalsets/__init__.py", "redis.py", "celery.py", "click.py",
)  # fmt: skip
TRAP = """\
from pathlib import Path
with Path({record!r}).open("a") as record:
    record.write(__file__ + chr(10))
raise ImportError("the project's own module was imported")
"""
CONFIG = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers:
  own: {kind: openai, base_url: "http://127.0.0.1:1/v1"}
evaluation:
  judge: {kind: pairwise, model: judge-1, cost: 1}
"""
LIBRARY = """\
from tierwatch.routing import Router

router = Router.from_config("tierwatch.yaml")
decision = router.route([{"role": "user", "content": "What is the capital of France?"}])
print(decision.tier, decision.model, decision.confidence, decision.reason)
"""


def tracked(*folders: str) -> list[str]:
    """Files under version control."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("needs a checkout, to know which files belong to the project")
    listed = subprocess.run(
        [git, "ls-files", "--", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is in the checkout, built as pip builds it."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked(*FOLDERS.values(), "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", out, source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if built.returncode and "for setuptools>=" in built.stderr + built.stdout:
        pytest.skip("the package registry cannot be reached: setuptools, which builds, is there")
    assert built.returncode == 0, built.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment with the wheel in it.

    The dependencies are those of the tests, found through a path file. Path files *there* are not
    read, so the editable install of this checkout stays out of sight.
    """
    home = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
            *("--no-deps", "--no-index", wheel),
        ],
        check=True,
    )
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """Somebody's project; at the end none of its modules may have been imported."""
    folder, record = tmp_path / "project", tmp_path / "imported.txt"
    for name in TRAPS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(TRAP.format(record=str(record)))
    (folder / "tierwatch.yaml").write_text(CONFIG)
    yield folder
    assert not record.exists(), f"imported: {record.read_text()}"


def environment(**more: str) -> dict[str, str]:
    """A person's: no settings, and nothing put on Python's path."""
    dropped = ("TIERWATCH_", "PYTHON")
    return {key: value for key, value in os.environ.items() if not key.startswith(dropped)} | more


def ended(
    folder: Path, *argv: str | Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=folder, env=env or environment(),
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


def run(folder: Path, *argv: str | Path) -> str:
    done = ended(folder, *argv)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    names = {top: name for name, top in FOLDERS.items()}
    expected = set()
    for path in tracked(*names):
        top, _, rest = path.partition("/")
        expected.add(f"{names[top]}/{rest}")
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert sorted(found) == sorted(expected)
    # Templates, styles, prompts, prices, evalsets, the form of a migration, the mark for mypy.
    kinds = {Path(name).suffix for name in found}
    assert kinds >= {".html", ".css", ".txt", ".yaml", ".jsonl", ".mako", ".typed"}


def test_the_library_s_five_lines(installed: Path, project: Path) -> None:
    (project / "use.py").write_text(LIBRARY)
    said = run(project, installed / "python", "use.py")
    assert said.startswith(("simple small-1 ", "complex large-1 "))
    where = "import tierwatch; print(tierwatch.__file__)"
    assert run(project, installed / "python", "-c", where).startswith(str(installed.parent))


def test_the_command_and_its_module(installed: Path, project: Path) -> None:
    for argv in (
        ("tierwatch",),
        ("python", "-m", "tierwatch"),
        ("python", "-P", "-m", "tierwatch"),
    ):
        assert "accepted" in run(project, installed / argv[0], *argv[1:], "check")


def test_the_demo(installed: Path, project: Path) -> None:
    said = run(project, installed / "tierwatch", "demo", "--limit", "30", "--exit")
    assert "replayed 30 of 30 requests" in said
    assert "pending 0" in said


@contextmanager
def running(folder: Path, *argv: str | Path, env: Mapping[str, str]) -> Iterator[None]:
    """A process that must still run when the test is done with it."""
    with subprocess.Popen(
        argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield
            assert process.poll() is None, process.communicate()[0]
        finally:
            process.terminate()


def test_worker_and_scheduler(
    installed: Path, project: Path, database_url: str, redis_url: str
) -> None:
    # A database of Redis that no other test uses.
    broker = redis_url.removesuffix("/0") + "/7"
    env = environment(
        TIERWATCH_DATABASE_URL=database_url, TIERWATCH_REDIS_URL=broker,
        TIERWATCH_SWEEP_EVERY_S="1", TIERWATCH_ANCHORS_EVERY_S="off",
        TIERWATCH_PROBES_EVERY_S="off",
    )  # fmt: skip
    queue = redis.Redis.from_url(broker)
    try:
        with running(project, installed / "tierwatch", "beat", env=env):
            assert within(30, lambda: queue.llen("tierwatch") > 0), "the scheduler sent nothing"
        queue.flushdb()
        with running(project, installed / "tierwatch", "worker", env=env):
            # The health check of docker-compose.yml.
            ping = (
                installed / "python",
                "-P",
                "-m",
                "tierwatch_workers",
                "inspect",
                "ping",
                "-t",
                "2",
            )
            assert within(40, lambda: ended(project, *ping, env=env).returncode == 0), (
                "the worker does not answer"
            )
    finally:
        queue.flushdb()
        queue.close()


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.2)
    return False
