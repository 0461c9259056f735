"""docs/scores.md: its examples load, every kind has one, and what it names is what there is."""

import re
from pathlib import Path
from typing import get_args

from factories.config import ARTICLE, load

from tierwatch.config.outgoing.scores import ScoresKind
from tierwatch.dashboard.metrics import score_families
from tierwatch.evaluation.sampling.score import NAMES

PAGE = (Path(__file__).parents[2] / "docs" / "scores.md").read_text(encoding="utf-8")


def test_every_kind_has_an_example_that_loads(tmp_path: Path) -> None:
    kinds = set()
    for example in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        kinds |= {place.kind for place in load(tmp_path, ARTICLE + example).scores}
    assert kinds == set(get_args(ScoresKind))


def test_every_score_is_explained() -> None:
    assert set(re.findall(r"^\| `(tierwatch\.\w+)` \|", PAGE, re.MULTILINE)) == set(NAMES.values())


def test_its_series_are_shown() -> None:
    shown = {family.name for family in score_families([])}
    named = re.findall(r"`tierwatch_evaluation_scores(_\w+)`|`(_waiting|_failed|_failing)`", PAGE)
    said = {f"tierwatch_evaluation_scores{one or other}" for one, other in named}
    assert said == shown
