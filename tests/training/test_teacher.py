"""A teacher learns from pairs, is calibrated enough to be imitated, and says what it lacks."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from factories.pairs import EASY, HARD, prompts

from tierwatch.errors import EvidenceError, UsageError
from tierwatch.training.embeddings import DIMENSIONS, load_embeddings
from tierwatch.training.teacher import fit_teacher

installed = pytest.mark.skipif(find_spec("wordllama") is None, reason="needs the extra train")
KINDS = ("words", pytest.param("static", marks=installed))


def taught(count: int = 400) -> tuple[list[str], list[str]]:
    texts, verdicts = zip(*prompts(count), strict=True)
    return list(texts), list(verdicts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_teacher_tells_hard_prompts_from_easy_ones(kind: str) -> None:
    teacher = fit_teacher(kind, *taught())
    hard, easy = teacher.chances(
        [f"Please {HARD[2]} the {HARD[4]} again", f"Please {EASY[2]} the {EASY[4]} again"]
    )
    # Nine in ten of the hard prompts were answered worse, one in ten of the easy ones.
    assert hard[0] > 0.6
    assert easy[0] < 0.3
    # No pair was better: the second head has nothing to say for it.
    assert hard[1] < 0.1
    assert teacher.told(["a", "b", "a"]).keys() == {"a", "b"}
    assert teacher.chances([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pairs_make_the_same_teacher(kind: str) -> None:
    first, second = (fit_teacher(kind, *taught()).chances(["Prove it."]) for _ in range(2))
    assert first == second


def test_weights_count() -> None:
    texts, verdicts = ["Prove it."] * 100, ["worse", "tie"] * 50
    ((even, _),) = fit_teacher("words", texts, verdicts).chances(["Prove it."])
    ((more, _),) = fit_teacher("words", texts, verdicts, [9.0, 1.0] * 50).chances(["Prove it."])
    assert even == pytest.approx(0.5, abs=0.02)
    assert more == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize(
    ("kind", "texts", "verdicts", "sentence"),
    [
        ("oracle", ["a"] * 50, ["tie"] * 50, "found 'oracle'; accepted: static, words"),
        ("words", ["a"] * 50, ["tie"] * 49, "50 texts, 49 verdicts"),
        ("words", ["a"] * 50, ["good"] * 50, "verdicts of worse, tie, better"),
        ("words", ["a"] * 39, ["tie"] * 39, "found 39 pairs; a teacher needs 40"),
    ],
)
def test_what_a_teacher_cannot_learn_from_is_refused(
    kind: str, texts: list[str], verdicts: list[str], sentence: str
) -> None:
    with pytest.raises(EvidenceError, match=sentence):
        fit_teacher(kind, texts, verdicts)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwatch.training.embeddings.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'tierwatch\[train\]', or choose"):
        fit_teacher("static", *taught())


@installed
def test_embeddings_have_length_one_and_place_like_by_like() -> None:
    sums, capital, city, empty = load_embeddings().embed(
        ["Add the two numbers.", "What is the capital of France?", "Which city rules Spain?", ""]
    )
    assert sums.shape == (DIMENSIONS,)
    assert np.linalg.norm(sums) == pytest.approx(1, abs=1e-5)
    assert capital @ city > capital @ sums
    assert not empty.any()
    # Read as files: the package itself, which could download, was never imported.
    assert "wordllama" not in sys.modules
