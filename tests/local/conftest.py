"""A folder for a stack of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: pytest keeps that in a 0700 directory, a case that has its own test here.
    place = Path(tempfile.mkdtemp(prefix="stack "))
    place.chmod(0o711)
    yield place / "state"
    shutil.rmtree(place)
