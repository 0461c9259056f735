"""The judge: whom it may not judge, and where recorded verdicts stand."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, WHOLE, load, problems, told

from tierwatch.config import load_config
from tierwatch.routing.tiers import Price


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


def judged(written: str) -> str:
    """The whole file with another judge."""
    return WHOLE.replace("{kind: pairwise, model: gpt-4o, orders: both}", f"{{{written}}}")


def test_a_judge_is_pairwise_in_both_orders_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    judge = load(tmp_path, judged("model: gpt-4o")).evaluation.judge
    assert judge is not None
    assert (judge.kind, judge.orders, judge.timeout_s) == ("pairwise", "both", 60.0)
    assert (judge.verdicts, judge.embedding_model) == (None, None)


@pytest.mark.parametrize(
    ("written", "provider"),
    [
        ("model: gpt-4o", "openai"),
        ("model: claude-fable-5", "anthropic"),
        ("model: claude-fable-5, provider: openai", "openai"),
    ],
)
def test_the_judges_provider_is_found_as_a_tiers_is(
    tmp_path: Path, written: str, provider: str
) -> None:
    judge = load(tmp_path, judged(written)).evaluation.judge
    assert judge is not None
    assert judge.provider == provider


@pytest.mark.parametrize(
    "model",
    [
        "claude-haiku-4-5",
        "claude-haiku-4-5-20251001",
        "anthropic/claude-haiku-4-5",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "Claude-Haiku-4-5",
    ],
)
def test_no_name_hides_that_a_judge_would_judge_its_own_answers(tmp_path: Path, model: str) -> None:
    (problem,) = problems(tmp_path, judged(f"model: '{model}'"))
    assert "the model of tier 'simple', which would judge its own answers" in problem
    assert problem.endswith("accepted a model that serves no tier")


def test_a_judges_own_price_wins_and_is_named_as_the_files(tmp_path: Path) -> None:
    config = load(tmp_path, judged("model: gpt-4o, cost: 7"))
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.price == Price(7, 7)
    assert config.price_origins["evaluation.judge"] == "cost"
    assert config.prices["evaluation.judge"].price == Price(7, 7)


def test_recorded_verdicts_ask_no_model_and_have_no_price(tmp_path: Path) -> None:
    (tmp_path / "said.jsonl").write_text("")
    config = load(tmp_path, judged("kind: recorded, verdicts: said.jsonl"))
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.price is None
    assert "evaluation.judge" not in config.price_origins
    assert "evaluation.judge" not in config.prices


def test_everything_that_is_wrong_with_a_judge_is_told_at_once(tmp_path: Path) -> None:
    written = "kind: ragas, model: claude-opus-4-6, provider: azure, verdicts: x"
    keys = [problem.split(": ")[1] for problem in problems(tmp_path, judged(written))]
    assert sorted(keys) == [
        "evaluation.judge.model",
        "evaluation.judge.provider",
        "evaluation.judge.verdicts",
    ]


FIRST = "model: gpt-4o, first: {%s}"


def test_a_first_judge_has_a_provider_and_a_price_as_the_judge_has(tmp_path: Path) -> None:
    config = load(tmp_path, judged(FIRST % "model: gpt-4o-mini"))
    judge = config.evaluation.judge
    assert judge is not None
    assert judge.first is not None
    assert (judge.first.provider, judge.first.prompt, judge.prompt) == ("openai", "plain", "plain")
    assert judge.first.price is not None
    assert config.prices["evaluation.judge.first"].price == judge.first.price
    assert config.price_origins["evaluation.judge.first"] == "package"
    own = load(tmp_path, judged(FIRST % "model: own-1, provider: openai")).unpriced
    assert own == ("evaluation.judge.first",)


@pytest.mark.parametrize(
    ("written", "key", "found"),
    [
        (FIRST % "model: gpt-4o", "first.model", "'gpt-4o', the model of evaluation.judge"),
        (FIRST % "model: openai/gpt-4o-2024-08-06", "first.model", "the model of evaluation.judge"),
        (FIRST % "model: claude-haiku-4-5", "first.model", "the model of tier 'simple', which"),
        (FIRST % "model: gpt-4o-mini, provider: azure", "first.provider", "found 'azure'"),
        (FIRST % "model: gpt-4o-mini" + ", orders: one", "first", "evaluation.judge.orders is one"),
        (FIRST % "model: gpt-4o-mini" + ", kind: ragas", "first", "stands before kind pairwise"),
        (
            "model: gpt-4o, kind: ragas, prompt: reference",
            "prompt",
            "plain, since the kind is ragas",
        ),
        ("model: gpt-4o, prompt: v2", "prompt", "accepted 'plain' or 'reference'"),
        (FIRST % "", "first.model", "accepted"),
    ],
)
def test_who_cannot_stand_first_is_told_why(
    tmp_path: Path, written: str, key: str, found: str
) -> None:
    (problem,) = problems(tmp_path, judged(written))
    assert problem.split(": ")[1] == f"evaluation.judge.{key}"
    assert found in problem


def test_recorded_verdicts_have_no_first_judge(tmp_path: Path) -> None:
    (tmp_path / "said.jsonl").write_text("")
    written = "kind: recorded, verdicts: said.jsonl, first: {model: gpt-4o-mini}"
    (problem,) = problems(tmp_path, judged(written))
    assert "accepted none, since the kind is recorded" in problem
