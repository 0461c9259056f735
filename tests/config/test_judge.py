"""The judge: whom it may not judge, and where recorded verdicts stand."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, problems, told

from tierwatch.config import load_config


def test_recorded_verdicts_stand_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "said.jsonl").write_text("")
    text = ARTICLE + "evaluation: {judge: {kind: recorded, verdicts: %s}}\n"
    for name in ("said.jsonl", tmp_path / "said.jsonl"):
        judge = load(tmp_path, text % name).evaluation.judge
        assert judge is not None
        assert judge.verdicts == str(tmp_path / "said.jsonl")
    monkeypatch.chdir(tmp_path)
    judge = load_config("tierwatch.yaml").evaluation.judge
    assert judge is not None
    assert judge.verdicts == str(tmp_path / "said.jsonl")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("kind: recorded", "nothing; accepted a file"),
        ("kind: recorded, verdicts: none.jsonl", "'{}/none.jsonl': No such file or directory;"),
        ("kind: recorded, verdicts: .", "'{}': Is a directory;"),
        ("model: gpt-4o, verdicts: x", "a file; accepted none, since the kind is pairwise"),
    ],
)
def test_verdicts_that_cannot_be_read(tmp_path: Path, written: str, found: str) -> None:
    (problem,) = problems(tmp_path, ARTICLE + f"evaluation: {{judge: {{{written}}}}}\n")
    at = "tierwatch.yaml:8: evaluation.judge.verdicts: found "
    assert problem.startswith(at + found.format(tmp_path))


PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "model: gpt-4o,",
        "model: anthropic/claude-opus-4-6-20260101,",
        (
            "15: evaluation.judge.model:"
            " found 'anthropic/claude-opus-4-6-20260101', the model of tier 'complex',"
            " which would judge"
            " its own answers; accepted a model that serves no tier"
        ),
    ),
    (
        "model: gpt-4o,",
        "",
        ("15: evaluation.judge.model: found nothing; accepted the model that kind pairwise asks"),
    ),
    (
        "model: gpt-4o,",
        "model: gpt-4o, provider: azure,",
        ("15: evaluation.judge.provider: found 'azure'; accepted one of anthropic, openai"),
    ),
    (
        "orders: both",
        "orders: two",
        ("15: evaluation.judge.orders: found 'two'; accepted 'both' or 'one'"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_judge(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]
