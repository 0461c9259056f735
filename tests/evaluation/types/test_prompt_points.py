import math

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.prompt_points import ONE_KIND, prompt_points, word_rows
from tierwatch.routing.classify.task_types import BUCKETS, type_words

SQL = "select rows join table index query database column"
POEM = "rhyme verse stanza spring moon sonnet metaphor lyric"


def texts(n: int, seed: int = 0) -> tuple[list[str], list[int]]:
    """Prompts of two kinds, four words each, and their kinds."""
    rng = np.random.default_rng(seed)
    kinds = [number % 2 for number in range(n)]
    drawn = [" ".join(rng.choice((SQL, POEM)[kind].split(), 4, replace=False)) for kind in kinds]
    return drawn, kinds


def no_losses(n: int) -> np.ndarray:
    return np.full((n, 1), math.nan)


def test_a_row_has_a_one_for_each_word_of_its_prompt() -> None:
    rows = word_rows(["select the rows", "", "select"])
    assert rows.shape == (3, BUCKETS)
    for row, text in zip(rows.toarray(), ("select the rows", "", "select"), strict=True):
        assert set(np.flatnonzero(row)) == set(type_words(text))
    assert set(rows.data) == {1.0}


def test_prompts_alike_in_meaning_are_near_and_others_far() -> None:
    drawn, kinds = texts(120)
    points = prompt_points(word_rows(drawn), no_losses(120), seed=0)
    cosines, same = points @ points.T, np.equal.outer(kinds, kinds)
    apart = ~np.eye(120, dtype=bool)
    assert cosines[same & apart].mean() > cosines[~same].mean() + 0.1
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(120))


def test_neighbours_losses_pull_prompts_of_one_outcome_together() -> None:
    drawn, kinds = texts(120)
    losses = np.array([[float(kind)] for kind in kinds])
    words = word_rows(drawn)
    same = np.equal.outer(kinds, kinds)

    def contrast(column: np.ndarray) -> float:
        points = prompt_points(words, column, seed=0)
        cosines = points @ points.T
        return float(cosines[same].mean() - cosines[~same].mean())

    assert contrast(losses) > contrast(no_losses(120))


def test_the_seed_repeats_the_points() -> None:
    drawn, _ = texts(80)
    words, losses = word_rows(drawn), no_losses(80)
    assert np.array_equal(prompt_points(words, losses, 3), prompt_points(words, losses, 3))


def test_losses_all_alike_move_nothing() -> None:
    drawn, _ = texts(80)
    words = word_rows(drawn)
    plain = prompt_points(words, no_losses(80), seed=0)[:, :-1]
    alike = prompt_points(words, np.ones((80, 1)), seed=0)[:, :-1]
    assert alike == pytest.approx(plain)


def test_prompts_of_one_kind_have_no_directions() -> None:
    with pytest.raises(EvidenceError, match=ONE_KIND):
        prompt_points(word_rows(["all the same words here"] * 60), no_losses(60), seed=0)
