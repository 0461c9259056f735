"""Embeddings are means of pieces' vectors; what is missing is said in a sentence."""

import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tierwatch.errors import UsageError
from tierwatch.training import embeddings
from tierwatch.training.embeddings import DIMENSIONS, StaticEmbeddings, load_embeddings


@dataclass
class Encoding:
    ids: list[int]


class Letters:
    """A tokenizer whose pieces are the letters a to j; remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def encode_batch(self, texts: list[str], *, add_special_tokens: bool) -> list[Encoding]:
        assert add_special_tokens is False
        self.given = texts
        return [Encoding([ord(c) - 97 for c in text if "a" <= c <= "j"]) for text in texts]


def made() -> tuple[StaticEmbeddings, Letters]:
    """Each letter's vector is an axis of its own."""
    tokenizer = Letters()
    return StaticEmbeddings(tokenizer, np.eye(10, DIMENSIONS, dtype=np.float32)), tokenizer


def test_a_prompt_is_the_mean_of_its_pieces_at_length_one() -> None:
    (found,) = made()[0].embed(["aab"])
    # (2 / 3, 1 / 3) over its length, sqrt(5) / 3
    assert found[:2] == pytest.approx(np.array([2, 1]) / 5**0.5)
    assert np.linalg.norm(found) == pytest.approx(1.0)


def test_each_prompt_has_a_row_in_its_order() -> None:
    found = made()[0].embed(["a", "b", "a"])
    assert found.shape == (3, DIMENSIONS)
    assert found.dtype == np.float32
    assert np.argmax(found, axis=1).tolist() == [0, 1, 0]


def test_a_prompt_without_a_word_is_nothing_and_no_prompts_are_no_rows() -> None:
    found = made()[0].embed(["", "a"])
    assert not found[0].any()
    assert found[1].any()
    assert made()[0].embed([]).shape == (0, DIMENSIONS)


def test_pieces_that_cancel_stay_finite() -> None:
    vectors = np.zeros((10, DIMENSIONS), np.float32)
    vectors[0, 0], vectors[1, 0] = 1.0, -1.0
    assert not StaticEmbeddings(Letters(), vectors).embed(["ab"]).any()


def test_of_a_long_prompt_both_ends_are_read() -> None:
    whole, tokenizer = made()
    whole.embed(["a" * 800, "a" * 400 + "x" * 900 + "b" * 400])
    assert tokenizer.given[0] == "a" * 800
    assert tokenizer.given[1] == "a" * 400 + " " + "b" * 400


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'tierwatch\[train\]'.*--teacher words"):
        load_embeddings()


def test_a_wheel_with_other_files_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = ModuleSpec("wordllama", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(embeddings, "find_spec", lambda _: spec)
    # Readers that are there, or not: either way it is one sentence.
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UsageError, match="embeddings of wordllama cannot be read"):
        load_embeddings()


@pytest.mark.skipif(find_spec("wordllama") is None, reason="needs the extra train")
def test_the_wheel_that_is_installed_is_read() -> None:
    found = load_embeddings().embed(["Write a poem.", "Compose a sonnet.", "Sum the invoices."])
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), rel=1e-5)
    assert found[0] @ found[1] > found[0] @ found[2]
