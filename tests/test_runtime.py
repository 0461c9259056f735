"""What a process is built from: here the judge that reads verdicts from a file."""

import json
from pathlib import Path

import pytest

from app.errors import JudgeError
from app.judges import Judge
from app.judges.verdict import Question
from app.runtime import build_runtime
from app.settings import read_settings

CONFIG = """
routing:
  tiers:
    simple: {model: small-1, cost: 1}
    complex: {model: large-1, cost: 2}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation: {judge: {kind: recorded, verdicts: said.jsonl}}
"""


def said(prompt: str, simple: str, complex_: str, **more: object) -> str:
    messages = [{"role": "user", "content": prompt}]
    answers = {"simple": {"text": simple}, "complex": {"text": complex_}}
    return json.dumps({"messages": messages, "answers": answers, **more})


def build(folder: Path, *lines: str) -> Judge:
    (folder / "said.jsonl").write_text("\n".join(lines))
    (folder / "tierwatch.yaml").write_text(CONFIG)
    environ = {"TIERWATCH_CONFIG": str(folder / "tierwatch.yaml")}
    return build_runtime(read_settings(environ), environ={}).judge


def preferred(judge: Judge, prompt: str, served: str, alternative: str) -> str | None:
    question = Question(messages=[{"role": "user", "content": prompt}])
    verdict = judge.judge(question, {"content": served}, {"content": alternative})
    assert verdict.judge_version == judge.version
    return verdict.preferred


@pytest.mark.parametrize(
    ("verdict", "served_low", "served_high"),
    [
        ("worse", "alternative", "served"),
        ("better", "served", "alternative"),
        ("tie", "tie", "tie"),
    ],
)
def test_recorded_verdicts_are_found_in_either_order(
    tmp_path: Path, verdict: str, served_low: str, served_high: str
) -> None:
    judge = build(tmp_path, said("2 + 2?", "5", "4", verdicts={"simple<complex": verdict}))
    assert judge.version.startswith("recorded/")
    assert preferred(judge, "2 + 2?", "5", "4") == served_low
    assert preferred(judge, "2 + 2?", "4", "5") == served_high


def test_what_is_not_recorded_of_this_very_prompt_is_unscored(tmp_path: Path) -> None:
    judge = build(
        tmp_path,
        said("Is it wet?", "No", "Yes", verdicts={"simple<complex": "worse"}),
        said("Ungraded?", "a", "b"),
    )
    assert preferred(judge, "Is it wet?", "No", "Yes") == "alternative"
    assert preferred(judge, "Is it dry?", "No", "Yes") is None
    assert preferred(judge, "Is it wet?", "No", "Perhaps") is None
    assert preferred(judge, "Ungraded?", "a", "b") is None


def test_texts_are_found_as_they_were_stored_redacted(tmp_path: Path) -> None:
    judge = build(
        tmp_path,
        said(
            "Mail jo@example.org?", "jo@example.org it is", "b", verdicts={"simple<complex": "tie"}
        ),
    )
    assert preferred(judge, "Mail [EMAIL]?", "[EMAIL] it  is", "b") == "tie"


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match=r"said\.jsonl:2: not JSON"):
        build(tmp_path, said("q", "a", "b"), "{")
