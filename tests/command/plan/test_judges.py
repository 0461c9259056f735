"""`tierwatch judges` measures prompts and judges on the anchors, and chooses nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from factories.evalsets import TruthfulJudge
from fakes.collaborators import scalar
from sqlalchemy import Engine

import tierwatch.judges
from tierwatch.command.plan.judges import measured, run_judges
from tierwatch.judges.verdict import Verdict
from tierwatch.runtime import build
from tierwatch.settings import Settings
from tierwatch.store.judgements.evalset_answers import AnchorVerdict

CONFIG = """
routing:
  tiers:
    simple: {model: small-1, cost: 1}
    complex: {model: large-1, cost: 2}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation:
  judge: {model: strong, provider: lab, cost: 8%s}
"""
FIRST = ", first: {model: cheap, provider: lab, cost: 1}"
PLAIN, REFERENCE = "pairwise/v2/strong", "pairwise/reference_v1/strong"
TOGETHER = f"pairwise/v2/cheap then {PLAIN}"


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Callable[[str], Settings]:
    def written(first: str) -> Settings:
        (tmp_path / "tierwatch.yaml").write_text(CONFIG % first)
        url = engine.url.render_as_string(hide_password=False)
        return Settings(config=tmp_path / "tierwatch.yaml", database_url=url)

    return written


def test_what_was_not_asked_has_its_price_beforehand(
    settings: Callable[[str], Settings], engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    run_judges(settings(FIRST), ask=False)
    said = capsys.readouterr().out
    lines = {line.split("   ")[0].strip(): line for line in said.splitlines() if "$" in line}
    assert list(lines) == [PLAIN, REFERENCE, TOGETHER]
    usd = [float(line.split("about $")[1]) for line in lines.values()]
    # Notes cost more than none, a cheap judge first less than none.
    assert usd[1] > 1.3 * usd[0]
    assert usd[2] < 0.5 * usd[0]
    assert "tierwatch judges --ask puts the anchors to each" in said
    assert f"{PLAIN} is asked alone" in said
    assert scalar(engine, "select count(*) from evalset_runs") == 0


def test_what_was_asked_is_compared(
    settings: Callable[[str], Settings], engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine.begin() as connection:
        put.add_anchors(connection, 300, 400, judge=PLAIN, cost_usd=0.004)
        put.add_anchors(connection, 340, 400, judge=REFERENCE, cost_usd=0.009)
    run_judges(settings(""), ask=False)
    said = capsys.readouterr().out
    (plain,) = (line for line in said.splitlines() if line.startswith(PLAIN))
    (reference,) = (line for line in said.splitlines() if line.startswith(REFERENCE))
    assert plain.split()[1:] == ["400", "75.0", "%", "100.0", "%", "75.0", "%", "0.00400"]
    assert reference.split()[1:3] == ["400", "85.0"]
    assert "--ask" not in said
    assert TOGETHER not in said


def test_asking_puts_every_anchor_to_each_and_weighs_the_first_one(
    settings: Callable[[str], Settings],
    engine: Engine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ties(TruthfulJudge):
        def judge(self, *_: Any) -> Verdict:
            self.asked += 1
            return Verdict("tie", "pairwise", "", self.version)

    def built(config: Any, **_: object) -> Ties:
        judge = Ties()
        judge.version = f"pairwise/{'v2' if config.prompt == 'plain' else 'reference_v1'}/strong"
        return judge

    def together(*_: object, **__: object) -> Ties:
        judge = Ties()
        judge.version = TOGETHER
        return judge

    monkeypatch.setattr(tierwatch.judges, "build_judge", built)
    monkeypatch.setattr(build, "build_judge", built)
    monkeypatch.setattr(build, "build_cheap_first", together)
    run_judges(settings(FIRST), ask=True)
    said = capsys.readouterr().out
    assert said.count("Asking ") == 3
    assert scalar(engine, "select count(*) from evalset_runs where ended_at is not null") == 3
    # It says what the strong one says, so nothing is given up.
    assert f"{TOGETHER} is asked: " in said
    assert not scalar(engine, "select alarmed from monitors where kind = 'first_judge'")


def test_a_judge_of_records_has_nothing_to_compare(
    settings: Callable[[str], Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    at = settings("")
    Path(at.config).write_text(
        (CONFIG % "").replace(
            "{model: strong, provider: lab, cost: 8}", "{kind: recorded, verdicts: x.jsonl}"
        )
    )
    (Path(at.config).parent / "x.jsonl").write_text("")
    run_judges(at, ask=True)
    assert "nothing to compare" in capsys.readouterr().out


def test_measures() -> None:
    assert measured([]) is None

    def said(verdict: Any, *, agree: bool | None) -> AnchorVerdict:
        return AnchorVerdict(
            "x", "a", verdict, orders_agree=agree, longer="a", cost_usd=1, judges=1
        )

    found = measured(
        [
            said("a", agree=True),
            said("b", agree=True),
            said("inconclusive", agree=False),
            said(None, agree=None),
        ]
    )
    assert found is not None
    assert (found.anchors, found.right, found.usd) == (4, 0.25, 1)
    assert (found.agrees, found.right_there) == (pytest.approx(2 / 3), 0.5)
