"""A watched router's file: its thresholds, and a change of them as a diff both ways."""

from dataclasses import replace
from pathlib import Path

import pytest
from factories.complexity import MODELS, proxy_file

from tierwatch.errors import ForeignError
from tierwatch.routing.foreign.router import ForeignRouter, read_text

TIERS = ("simple", "standard", "complex", "top")
OF = dict(zip(MODELS.values(), TIERS, strict=True))
LITELLM = ForeignRouter(
    kind="litellm_complexity",
    name="smart-router",
    tiers=TIERS,
    tier_of=lambda name: OF.get(name, ""),
    keys={},
    file="config.yaml",
    text=proxy_file(),
)
JSON = replace(
    LITELLM,
    kind="json",
    tiers=("simple", "complex"),
    keys={"simple": "/router/weak"},
    file="router.json",
    text='{\n  "router": {\n    "weak": 0.7\n  }\n}\n',
)


def test_its_thresholds_are_its_settings() -> None:
    assert LITELLM.thresholds == {"simple": 0.8, "standard": 0.65, "complex": 0.4}
    assert JSON.thresholds == {"simple": 0.7}
    assert LITELLM.logs
    assert not JSON.logs
    assert JSON.groups == {}


def test_a_change_is_a_diff_of_its_own_file_and_back() -> None:
    before = LITELLM.thresholds
    change = LITELLM.change(before, {**before, "simple": 0.9})
    assert "-          simple_medium: 0.2 # more to the small one\n" in change.diff
    assert "+          simple_medium: 0.1 # more to the small one\n" in change.diff
    assert "+        reasoning_override_min_score: 0.2\n" in change.diff
    assert "-          simple_medium: 0.1 # more to the small one\n" in change.undo
    assert "sk-secret" not in change.diff + change.undo
    assert JSON.change({"simple": 0.7}, {"simple": 0.65}).diff.splitlines()[-5:-2] == [
        '   "router": {',
        '-    "weak": 0.7',
        '+    "weak": 0.65',
    ]


def test_a_file_that_is_not_what_runs_gets_no_diff() -> None:
    with pytest.raises(ForeignError, match="would change more than was tested"):
        JSON.change({"simple": 0.75}, {"simple": 0.65})


def test_its_file_is_read_again_and_stays_as_it_was_where_it_is_away(tmp_path: Path) -> None:
    file = tmp_path / "router.json"
    file.write_text(JSON.text, newline="")
    router = replace(JSON, path=file)
    file.write_text(JSON.text.replace("0.7", "0.6"))
    assert router.fresh().thresholds == {"simple": 0.6}
    file.unlink()
    assert router.fresh() == router
    assert JSON.fresh() is JSON


def test_a_file_that_cannot_be_read_is_said_without_its_place(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ForeignError, match=f"^{path.name}: cannot be read"):
            read_text(path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ForeignError):
        read_text(tmp_path / "bytes")
