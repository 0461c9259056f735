"""A twin is seen by who asks for it, and changes no figure of anything else."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import factories.rows as put
import pytest
from factories import trials
from sqlalchemy import Connection, text

from tierwatch.config import Config, load_config
from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.loop.compare.tier_rates import tier_rates
from tierwatch.loop.report.build import build_report
from tierwatch.store.costs import evaluation_costs
from tierwatch.store.direct_pairs import add_direct_pairs, original_of
from tierwatch.store.judgements.boundary_evidence import boundary_evidence
from tierwatch.store.judgements.bursts import segment_loads
from tierwatch.store.judgements.outcomes import take_unobserved
from tierwatch.store.judgements.risk_cells import risk_cells
from tierwatch.store.judgements.unscored import unscored_tasks
from tierwatch.store.learned.judged_pairs import unjudged_texts
from tierwatch.store.pages.affected import affected, pairs_since
from tierwatch.store.pages.over_time.losses import losses
from tierwatch.store.pages.overview import failure_counts
from tierwatch.store.pages.pair_filter import PairFilter
from tierwatch.store.pages.pairs import pairs
from tierwatch.store.signals.beside_verdicts import beside_verdicts
from tierwatch.store.signals.follow_ups import add_follow_ups, unread_exchanges
from tierwatch.store.sums.judged import all_judged
from tierwatch.store.traffic.daily_bill import tier_day_usd
from tierwatch.store.traffic.exchanges import load_pair
from tierwatch.store.traffic.recent_requests import recent_requests
from tierwatch.store.traffic.watched_counts import capture_counts
from tierwatch.store.trials.model_trials import add_trial
from tierwatch.store.trials.trial_pairs import draw_pairs

_CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers: {simple: {model: a, cost: 1}, standard: {model: b, cost: 3}, complex: {model: c, cost: 9}}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
"""
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
Read = Callable[[Connection, Config], object]


def _loads(connection: Connection, _: Config) -> object:
    return [(one.tier, one.pairs) for one in segment_loads(connection, put.NOW)]


def _report(connection: Connection, config: Config) -> object:
    """All that is not money."""
    found: Mapping[str, Any] = build_report(connection, config)
    money = {"costs", "evaluation_cost_usd", "saving_net_of_evaluation"}
    return {name: value for name, value in found.items() if name not in money}


def _draw(direction: Literal["up", "down"]) -> Read:
    """What a trial of a model would draw, taken back."""

    def read(connection: Connection, _: Config) -> object:
        trial = trials.new_trial()
        with connection.begin_nested() as taken_back:
            trial_id = add_trial(connection, trial)
            assert trial_id is not None
            draw_pairs(
                connection,
                trial_id,
                tier="simple",
                served="simple-1",
                direction=direction,
                max_weight=10.0,
                since=put.NOW - 400 * DAY,
                limit=100,
            )
            drawn = "select exchange_id, weight, served_usd from model_trial_pairs order by 1"
            found = connection.execute(text(drawn)).all()
            taken_back.rollback()
        assert len(found) == (direction == "up")
        return found

    return read


def _second_opinion(connection: Connection, _: Config) -> object:
    """What users did beside the verdicts, where everything was asked again; taken back."""
    with connection.begin_nested() as taken_back:
        ids = connection.execute(text("select id from exchanges")).scalars()
        add_follow_ups(connection, dict.fromkeys(ids, True))
        found = beside_verdicts(connection, put.JUDGE)["asked_again"]
        taken_back.rollback()
    assert found.signal == [1.0]
    return found


READERS: dict[str, Read] = {
    "report": _report,
    "misroute": lambda c, _: tier_rates(c, put.JUDGE).misroute("simple"),
    "overspend": lambda c, _: tier_rates(c, put.JUDGE).overspend("simple"),
    "judge's health": lambda c, _: tier_rates(c, put.JUDGE).inconclusive("simple"),
    "unscored": lambda c, _: unscored_tasks(c),
    "failures": lambda c, _: failure_counts(c),
    "chart": lambda c, _: losses(c, put.JUDGE, put.NOW - DAY, put.NOW + DAY, steps=4),
    "capture": lambda c, _: capture_counts(c, put.NOW - MINUTE, put.NOW + MINUTE),
    "monitors": lambda c, _: take_unobserved(c, idle_s=0.0, limit=10),
    "thresholds": lambda c, _: boundary_evidence(c, "simple", judge_version=put.JUDGE),
    "risk": lambda c, _: risk_cells(c),
    "burst loads": _loads,
    "pairs": lambda c, _: pairs(c, PairFilter()),
    "for review": lambda c, _: pairs(c, PairFilter(for_review=True)),
    "moved traffic": lambda c, _: recent_requests(c, served="simple", alternative="complex"),
    "follow-ups": lambda c, _: unread_exchanges(c, before=put.NOW + DAY, within=DAY, limit=9),
    "trial of a model": _draw("up"),
    "trial of the top tier's model": _draw("down"),
    "second opinion": _second_opinion,
    "alert's impact": lambda c, _: affected(c, "simple", "*", put.NOW - DAY),
    "alert's pairs": lambda c, _: pairs_since(c, "simple", "*", put.JUDGE, put.NOW - DAY),
    "tier's bill": lambda c, _: tier_day_usd(c, "simple", now=put.NOW + MINUTE),
    "imitation": lambda c, _: unjudged_texts(c, limit=100),
}
STATES: dict[str, Callable[[Connection, uuid.UUID], object]] = {
    "judged": lambda c, pair: put.add_twin(c, pair, "alternative"),
    "unscored": lambda c, pair: put.add_twin(c, pair, None),
    "waiting": lambda c, pair: put.add_twin(c, pair, judged=False),
    "failed": lambda c, pair: put.add_failure(c, put.add_twin(c, pair, judged=False)),
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_CONFIG)
    return load_config(path)


@pytest.fixture
def pair(connection: Connection) -> uuid.UUID:
    """A judged pair of a conversation that has ended, with its outcome and what was counted."""
    found = put.add_pair(connection, 1, "alternative", session="a talk", ended_at=put.NOW)
    put.add_rollup(connection, "simple", 5, sampled=1, eligible=5, expected=1.0)
    put.add_outcome(connection, 1, 1.0, exchange_id=found, session="a talk")
    connection.execute(text("update exchanges set captured_at = now() - interval '1 day'"))
    return found


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("reader", READERS)
def test_nothing_else_sees_a_twin(
    connection: Connection, config: Config, pair: uuid.UUID, reader: str, state: str
) -> None:
    read = READERS[reader]
    before = read(connection, config)
    assert state in STATES
    STATES[state](connection, pair)
    connection.execute(text("update exchanges set captured_at = now() - interval '1 day'"))
    assert read(connection, config) == before


def test_its_money_is_counted(connection: Connection, pair: uuid.UUID) -> None:
    before = evaluation_costs(connection, today=True)
    put.add_twin(connection, pair)
    after = evaluation_costs(connection, today=True)
    assert after.shadow_usd - before.shadow_usd == pytest.approx(0.01)
    assert after.judge_usd - before.judge_usd == pytest.approx(0.002)
    [load] = segment_loads(connection, put.NOW)
    assert (load.pairs, load.usd) == (1.0, pytest.approx(0.024))


def test_who_asks_for_twins_gets_them(connection: Connection, pair: uuid.UUID) -> None:
    twin = put.add_twin(connection, pair)
    [line] = pairs(connection, PairFilter(direction="top"))
    assert (line.id, line.alternative_tier, line.stage) == (twin, "complex", "judged")
    assert [line.id for line in pairs(connection, PairFilter(direction="up"))] == [pair]
    found = load_pair(connection, twin)
    assert found is not None
    assert found.request == {"messages": [{"role": "user", "content": "What is 2 + 2?"}]}


def test_of_a_twin_the_original_is_known_and_of_others_they_are_it(
    connection: Connection, pair: uuid.UUID
) -> None:
    twin = put.add_twin(connection, pair)
    assert original_of(connection, twin) == original_of(connection, pair) == pair


def test_none_is_added_twice_or_from_nothing(connection: Connection, pair: uuid.UUID) -> None:
    add_direct_pairs(connection, [])
    twin = put.add_twin(connection, pair)
    add_direct_pairs(
        connection,
        [{"exchange_id": pair, "tier": "complex", "twin_id": twin, "share": 0.5, "pi": 0.5}],
    )
    found = connection.execute(text("select share, pi from direct_pairs")).one()
    assert tuple(found) == (1.0, 1.0)


def test_losses_come_by_conversation(connection: Connection) -> None:
    for number, said in enumerate(["alternative", "tie", "alternative", None]):
        session = f"talk {number // 2}"
        put.add_twin(connection, put.add_pair(connection, number, session=session), said, pi=0.5)
    # A conversation of two with one half lost, and one of one that is lost.
    found = all_judged(connection, put.JUDGE, "complex").direct["simple"]
    assert found == RateSums(pairs=3, weight=6.0, lost=4.0, squares=20.0)


def test_contradicting_orders_are_no_loss(connection: Connection, pair: uuid.UUID) -> None:
    twin = put.add_twin(connection, pair, "alternative")
    contradicts = text("update verdicts set basis = 'swap_disagreement' where exchange_id = :twin")
    connection.execute(contradicts, {"twin": twin})
    assert all_judged(connection, put.JUDGE, "complex").direct["simple"].lost == 0.0
