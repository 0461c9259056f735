"""A trial begins where everything it needs is there, and says what is missing where it is not."""

from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from fakes.collaborators import rows
from sqlalchemy import Connection, Engine

from tierwatch.config import Config, load_config
from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.improve.replace.start import Wanted, cancel_trial, start_trial
from tierwatch.routing.policy import Policy
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Price
from tierwatch.store.policies import add_policy, set_active
from tierwatch.store.trials.model_trials import ModelTrial, end_trial, load_trial

CONFIG = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25, provider: lab}
    standard: {model: medium-1, cost: 3, provider: lab}
    complex: {model: large-1, cost: 15, provider: lab}
providers:
  lab: {kind: openai, base_url: "http://127.0.0.1:1/v1"}
  claude: {kind: anthropic, base_url: "http://127.0.0.1:1"}
evaluation:
  sample_rate: 0.5
  probe_down_rate: 0.25
  judge: {model: judge-1, provider: lab}
"""
PRICE = Price(0.1, 0.2)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return load_config(tmp_path / "tierwatch.yaml")


def begun(connection: Connection, config: Config, **wanted: Any) -> ModelTrial:
    plan = SamplingPlan(0.5, probe_down_rate=0.25)
    given = {"tier": "simple", "price": PRICE} | wanted
    trial_id = start_trial(connection, Wanted(**given), config=config, plan=plan, actor="ada")
    trial = load_trial(connection, trial_id)
    assert trial is not None
    return trial


@pytest.fixture
def active(connection: Connection) -> Connection:
    put.add_policy(connection)
    put.put_in_force(connection)
    return connection


def test_a_trial_of_another_model(active: Connection, config: Config) -> None:
    trial = begun(active, config, model="small-2")
    assert (trial.tier, trial.served, trial.base_version) == ("simple", "small-1", 1)
    assert trial.candidate == TierModel("small-2", "lab", PRICE, "", instead_of="small-1")
    assert (trial.sample, trial.budget_usd, trial.worse_by) == (1_000, 10.0, 0.05)
    assert trial.delta == 0.025
    assert trial.max_weight == 1.0


def test_the_audit_says_who_began_it(engine: Engine, config: Config) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        begun(connection, config, model="small-2")
    (line,) = rows(engine, "select actor, subject, detail from audit")
    assert (line.actor, line.subject) == ("ada", "model_trial/1")
    assert (line.detail["served"], line.detail["candidate"]) == ("small-1", "small-2")


def test_a_claude_goes_to_who_serves_claudes(active: Connection, config: Config) -> None:
    trial = begun(active, config, model="claude-haiku-9")
    assert trial.candidate.provider == "claude"
    end_trial(active, trial.id, "cancelled", why="")
    assert begun(active, config, model="claude-haiku-9", provider="lab").candidate.provider == "lab"


def test_a_list_price_is_known(active: Connection, config: Config) -> None:
    trial = begun(active, config, tier="standard", model="gpt-4o-mini", price=None)
    assert trial.candidate.price.input_usd_per_mtok == 0.15


def test_an_effort_alone_is_of_the_model_that_serves(active: Connection, config: Config) -> None:
    trial = begun(active, config, effort="low", price=None)
    assert trial.candidate == TierModel(
        "small-1", "lab", Price(0.25, 0.25), "low", instead_of="small-1"
    )


def test_the_top_tier_is_drawn_from_what_is_probed_down(active: Connection, config: Config) -> None:
    assert begun(active, config, tier="complex", model="large-2").max_weight == 2.0


def test_what_replaced_the_file_s_model_is_what_serves(active: Connection, config: Config) -> None:
    second = TierModel("small-2", "lab", PRICE, "", instead_of="small-1")
    policy = Policy(2, {"simple": 0.7, "standard": 0.7}, models={"simple": second})
    add_policy(active, policy, author="ada", reason="")
    set_active(active, stable=2, candidate=None, share=0.0, salt="s")
    trial = begun(active, config, model="small-3")
    assert (trial.served, trial.candidate.instead_of) == ("small-2", "small-1")
    end_trial(active, trial.id, "cancelled", why="")
    with pytest.raises(UsageError, match="small-2 serves tier simple already"):
        begun(active, config, model="small-2")


def test_trials_of_one_candidate_share_delta(active: Connection, config: Config) -> None:
    for delta in (0.025, 0.05 / 6, 0.05 / 12):
        trial = begun(active, config, model="small-2")
        assert trial.delta == pytest.approx(delta)
        end_trial(active, trial.id, "refused", why="")
    assert begun(active, config, model="small-3").delta == 0.025


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "name what is to be tried: --model, --effort, or both"),
        ({"tier": "huge", "model": "m"}, "accepted: simple, standard, complex"),
        ({"model": "small-1"}, "small-1 serves tier simple already"),
        ({"model": "m", "provider": "nobody"}, "accepted: lab, claude"),
        ({"model": "my-own", "price": None}, "there is no list price of 'my-own'"),
        ({"model": "judge-1"}, "is the judge, and a model prefers its own answers"),
        ({"model": "lab/judge-1:latest"}, "is the judge"),
        ({"model": "m", "price": Price(9, 9)}, "dearer than the next tier up, standard at"),
        ({"model": "m", "sample": 0}, "--sample: found 0"),
        ({"model": "m", "budget_usd": 0.0}, "--budget: found 0.0"),
        ({"model": "m", "budget_usd": float("nan")}, "--budget: found nan"),
        ({"model": "m", "worse_by": 1.0}, "--worse-by: found 1.0"),
        ({"model": "m", "delta": 0.0}, "--delta: found 0.0"),
        ({"model": "m", "effort": "much"}, "--effort: found 'much'"),
        ({"model": "m" * 201}, "up to 200 characters"),
        ({"model": "  "}, "found ''; accepted: a name"),
    ],
)
def test_what_cannot_be_is_said(
    active: Connection, config: Config, wanted: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        begun(active, config, **wanted)


def test_a_recorded_judge_has_no_word_on_new_answers(active: Connection, tmp_path: Path) -> None:
    (tmp_path / "verdicts.jsonl").write_text("")
    text = CONFIG.replace(
        "judge: {model: judge-1, provider: lab}",
        "judge: {kind: recorded, verdicts: verdicts.jsonl}",
    )
    (tmp_path / "tierwatch.yaml").write_text(text)
    with pytest.raises(UsageError, match="a judge that is asked"):
        begun(active, load_config(tmp_path / "tierwatch.yaml"), model="small-2")


def test_a_judge_that_is_asked_first_is_a_judge(active: Connection, tmp_path: Path) -> None:
    text = CONFIG.replace(
        "judge: {model: judge-1, provider: lab}",
        "judge: {model: judge-1, provider: lab, first: {model: cheap-1, provider: lab}}",
    )
    (tmp_path / "tierwatch.yaml").write_text(text)
    config = load_config(tmp_path / "tierwatch.yaml")
    for model in ("judge-1", "lab/cheap-1:latest"):
        with pytest.raises(UsageError, match="is the judge, and a model prefers its own"):
            begun(active, config, model=model)


def test_before_the_first_policy_there_is_nothing_to_change(
    connection: Connection, config: Config
) -> None:
    with pytest.raises(ConflictError, match="there is no policy yet"):
        begun(connection, config, model="small-2")


def test_one_at_a_time(active: Connection, config: Config) -> None:
    begun(active, config, model="small-2")
    with pytest.raises(ConflictError, match="tier simple has a trial that runs"):
        begun(active, config, model="small-3")


def test_a_trial_is_cancelled_once(active: Connection, config: Config) -> None:
    trial = begun(active, config, model="small-2")
    cancel_trial(active, trial.id, actor="bob")
    found = load_trial(active, trial.id)
    assert found is not None
    assert (found.state, found.why) == ("cancelled", "cancelled by bob")
    with pytest.raises(ConflictError, match=r"trial \d+ is cancelled already"):
        cancel_trial(active, trial.id, actor="bob")
    with pytest.raises(ConflictError, match="there is no trial 99"):
        cancel_trial(active, 99, actor="bob")
