"""The story flows one way: the import contracts of pyproject.toml hold."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            Path(sys.executable).parent / "lint-imports",
            "--config",
            ROOT / "pyproject.toml",
            "--cache-dir",
            tmp_path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " kept, 0 broken" in done.stdout
