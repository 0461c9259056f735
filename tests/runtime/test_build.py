"""What a process is built from: here the judge that reads verdicts from a file."""

import json
from dataclasses import replace
from pathlib import Path

import factories.rows as put
import pytest
from sqlalchemy import Engine

from tierwatch.errors import JudgeError
from tierwatch.judges import Judge
from tierwatch.judges.verdict import Question
from tierwatch.loop.compare.first_judge import weigh
from tierwatch.loop.improve.objective import Objective
from tierwatch.runtime.build import build_runtime
from tierwatch.settings import read_settings

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


def test_an_objective_is_for_all_tiers_and_a_model_gets_an_equal_part_of_it(tmp_path: Path) -> None:
    three = CONFIG.replace("cost: 1}", "cost: 1}\n    standard: {model: middle-1, cost: 1.5}")
    objective = three.replace("evaluation: {", "evaluation: {objective: {quality: 0.95}, ")
    (tmp_path / "said.jsonl").write_text(said("2 + 2?", "5", "4"))
    (tmp_path / "tierwatch.yaml").write_text(objective)
    environ = {"TIERWATCH_CONFIG": str(tmp_path / "tierwatch.yaml")}
    runtime = build_runtime(read_settings(environ), environ={})
    assert runtime.retune_rules.objective == Objective(0.95, ["simple", "standard"], "complex")
    # 1 - .95, in two parts.
    assert runtime.refit_rules.alpha == {"simple": 0.025, "standard": 0.025}
    assert runtime.monitor_rules.tolerance["simple"] == 0.05


TWO = CONFIG.replace(
    "{kind: recorded, verdicts: said.jsonl}",
    "{model: strong, provider: lab, first: {model: cheap, provider: lab}}",
)


def test_the_strong_judge_is_asked_alone_until_anchors_speak_for_the_cheap_one(
    tmp_path: Path, engine: Engine
) -> None:
    (tmp_path / "tierwatch.yaml").write_text(TWO)
    environ = {"TIERWATCH_CONFIG": str(tmp_path / "tierwatch.yaml")}
    built = build_runtime(read_settings(environ), environ={})
    built.engine.dispose()
    at = replace(built, engine=engine)
    alone, together = "pairwise/v2/strong", "pairwise/v2/cheap then pairwise/v2/strong"
    assert at.judge.version == at.judge_now.version == alone
    with engine.begin() as connection:
        put.add_anchors(connection, 330, 408, judge=together)
        put.add_anchors(connection, 332, 408, judge=alone)
        weigh(connection, alone=alone, together=together)
    assert at.judge_now.version == together
    with engine.begin() as connection:
        put.add_anchors(connection, 250, 408, judge=together)
        weigh(connection, alone=alone, together=together)
    assert at.judge_now.version == alone


def test_without_a_first_judge_nobody_is_asked_who_it_is(tmp_path: Path) -> None:
    text = CONFIG.replace(
        "{kind: recorded, verdicts: said.jsonl}", "{model: strong, provider: lab}"
    )
    (tmp_path / "tierwatch.yaml").write_text(text)
    environ = {"TIERWATCH_CONFIG": str(tmp_path / "tierwatch.yaml")}
    built = build_runtime(read_settings(environ), environ={})
    assert built.together is None
    assert built.judge_now is built.judge  # and no connection was opened
    built.engine.dispose()
