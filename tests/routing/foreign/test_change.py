"""The diff of a change: what `patch` takes, and no line of a secret."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.foreign.change import unified

PATCH = shutil.which("patch")
LINES = st.lists(st.sampled_from(["a: 1", "b: 2", "", "c", "  d: x"]), max_size=8)


def test_it_is_a_unified_diff_with_context() -> None:
    before = "\n".join(f"k{number}: 1" for number in range(9)) + "\n"
    diff = unified("c.yaml", before, before.replace("k4: 1", "k4: 2"))
    assert diff.splitlines()[:3] == ["--- a/c.yaml", "+++ b/c.yaml", "@@ -2,7 +2,7 @@"]
    assert "-k4: 1\n+k4: 2\n" in diff


@pytest.mark.parametrize(
    "secret",
    ["api_key: sk-live-1", '"Authorization": "Bearer x"', "password: p", "url: http://u:p@host"],
)
def test_a_secret_beside_it_is_no_context(secret: str) -> None:
    before = f"a: 1\n{secret}\nx: 1\nb: 1\n"
    diff = unified("c.yaml", before, before.replace("b: 1", "b: 2"))
    assert secret not in diff
    assert "+b: 2\n" in diff


def test_the_name_of_a_secret_is_context() -> None:
    before = "api_key: os.environ/KEY\nb: 1\n"
    assert "os.environ/KEY" in unified("c.yaml", before, before.replace("b: 1", "b: 2"))


def test_a_last_line_without_its_end_is_said() -> None:
    assert unified("c", "a", "b").endswith(
        "-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    )


@pytest.mark.skipif(PATCH is None, reason="patch is not installed")
@pytest.mark.parametrize("end", ["", "\n"])
def test_patch_takes_it_and_gives_it_back(tmp_path: Path, end: str) -> None:
    before = "\n".join(f"k{number}: 1" for number in range(9)) + end
    after = before.replace("k8: 1", "k8: 2").replace("k0: 1", "k0: 2\nnew: 1")
    file = tmp_path / "c.yaml"
    file.write_text(before)
    for diff, wanted in (
        (unified("c.yaml", before, after), after),
        (unified("c.yaml", after, before), before),
    ):
        subprocess.run([str(PATCH), "-p1", "-s"], input=diff, text=True, cwd=tmp_path, check=True)
        assert file.read_text() == wanted


@given(LINES, LINES)
def test_it_is_empty_exactly_where_nothing_changes(one: list[str], other: list[str]) -> None:
    before, after = "\n".join(one), "\n".join(other)
    assert (unified("c", before, after) == "") == (before == after)
