"""Importing leanly leaves the interpreter as it was."""

import gc
import subprocess
import sys

import pytest

from tierwatch.command.serve.lean_start import lean_imports


def test_garbage_is_collected_again_afterwards_also_after_an_error() -> None:
    collecting: list[bool] = []

    def import_one_that_is_not_there() -> None:
        with lean_imports():
            collecting.append(gc.isenabled())
            raise ImportError

    with pytest.raises(ImportError):
        import_one_that_is_not_there()
    assert [*collecting, gc.isenabled()] == [False, True]


def test_who_had_switched_collection_off_finds_it_off() -> None:
    gc.disable()
    try:
        with lean_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


# A library of ours, and what it imports where that is installed.
NOT_USED = [("structlog", "rich"), ("redis", "opentelemetry")]


@pytest.mark.parametrize(("library", "hidden"), NOT_USED)
@pytest.mark.parametrize("before", ["", "import {hidden}"])
def test_what_is_not_used_can_be_had_before_and_after_but_not_meanwhile(
    library: str, hidden: str, before: str
) -> None:
    pytest.importorskip(hidden)
    program = f"""
import sys
from tierwatch.command.serve.lean_start import lean_imports
{before.format(hidden=hidden)}
with lean_imports():
    import {library}
    seen = sys.modules["{hidden}"] is not None
import {hidden}
print(seen, {hidden}.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(bool(before)), hidden]
