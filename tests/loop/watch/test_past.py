"""The alarm against the past in the loop: which pairs are alike, one alert a change, its end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.evaluation.evidence.past_evidence import BoundaryShift, PastEvidence, Reading
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.loop.watch.past import PastRules, heard_of, summary
from tierwatch.routing.policy import Policy
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.judgements.outcomes import Outcome
from tierwatch.store.policies import add_policy

MODELS = {"simple": "small-1", "standard": "medium-1", "complex": "large-1"}
POLICY = Policy(1, {"simple": 0.7, "standard": 0.6})
PAST = PastRules(MODELS, level=1e4)
# Nothing is tolerated less than nearly all, so that no other alert opens.
RULES = MonitorRules(
    tolerance={"simple": 0.97, "standard": 0.97},
    level=1e7,
    max_weight=1.0,
    min_pairs=30,
    past=PAST,
)


@pytest.fixture
def served(engine: Engine) -> Engine:
    with engine.begin() as connection:
        add_policy(connection, POLICY, author="ada", reason="first")
    return engine


class Traffic:
    """Pairs of both boundaries, one upward each: of the n-th, ``bad`` says whether it is."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sent = 0

    def send(self, pairs: int, *, every: dict[str, int], **changes: Any) -> None:
        """Add pairs and take them in; of each tier every so manieth is bad."""
        with self.engine.begin() as connection:
            for _ in range(pairs):
                self.sent += 1
                for offset, (tier, one_in) in enumerate(every.items()):
                    number = 2 * self.sent + offset
                    loss = float(self.sent % one_in == 0)
                    put.add_outcome(connection, number, loss, tier=tier, **changes)
        observe(engine=self.engine, rules=RULES)


def alerts(engine: Engine) -> list[Any]:
    return rows(engine, "select * from alerts order by id")


QUIET = {"simple": 4, "standard": 6}
SWAPPED = {"simple": 50, "standard": 2}


@pytest.fixture
def traffic(served: Engine) -> Traffic:
    found = Traffic(served)
    found.send(400, every=QUIET)
    assert alerts(served) == []
    return found


def test_a_swapped_middle_tier_is_named_before_any_probe_has_run(traffic: Traffic) -> None:
    traffic.send(150, every=SWAPPED)
    [alert] = alerts(traffic.engine)
    assert (alert.kind, alert.cause) == ("past", "past:tier_worse:standard")
    assert (alert.tier, alert.segment) == ("standard", "standard/*")
    assert "likeliest: tier standard answers worse than it used to" in alert.summary
    assert "standard against complex" in alert.summary
    assert "simple against standard" in alert.summary
    assert alert.evidence["model"] == "medium-1"
    assert 2 * 400 < alert.opened_at_request <= 2 * 550 + 1
    assert scalar(traffic.engine, "select count(*) from evalset_runs") == 0


def test_one_change_opens_one_alert_however_long_it_lasts(traffic: Traffic) -> None:
    for _ in range(4):
        traffic.send(200, every=SWAPPED)
    assert [alert.cause for alert in alerts(traffic.engine)] == ["past:tier_worse:standard"]


def test_what_turns_back_is_over_and_says_so(traffic: Traffic) -> None:
    traffic.send(700, every=SWAPPED)
    traffic.send(400, every=QUIET)
    [alert] = alerts(traffic.engine)
    assert (alert.state, alert.resolved_by) == ("resolved", "tierwatch")
    assert "tier standard answers better" in alert.resolution["why"]


def test_an_alert_takes_back_what_would_loosen_its_tier(traffic: Traffic) -> None:
    with traffic.engine.begin() as connection:
        put.add_proposal(connection, tier="standard", direction="lower")
        put.add_proposal(connection, tier="simple", direction="lower")
    traffic.send(150, every=SWAPPED)
    found = rows(traffic.engine, "select tier, state from proposals order by tier")
    assert [tuple(row) for row in found] == [("simple", "open"), ("standard", "expired")]


def test_pairs_probed_downward_testify_too(served: Engine) -> None:
    """All pairs of the lowest boundary are those that the middle tier served."""
    traffic = Traffic(served)
    down = {"direction": "down", "boundary": "simple"}
    traffic.send(400, every={"standard": 4}, **down)
    traffic.send(200, every={"standard": 60}, **down)
    [alert] = alerts(served)
    assert alert.evidence["readings"][0]["signs"][0] == "-"
    assert alert.evidence["shifts"][0]["lower"] == "simple"


def test_a_moved_threshold_below_is_no_change_and_its_own_forgets_nothing(
    traffic: Traffic,
) -> None:
    with traffic.engine.begin() as connection:
        for version, thresholds in ((2, {"simple": 0.6}), (3, {"standard": 0.7})):
            moved = replace(POLICY, version=version, thresholds=POLICY.thresholds | thresholds)
            add_policy(connection, moved, author="ada", reason="moved")
    # Other requests reach standard when simple keeps more: all its pairs are bad, and new.
    traffic.send(60, every={"standard": 1}, policy_version=2)
    assert alerts(traffic.engine) == []
    # With its own threshold moved, pairs as sure as before are the same pairs as before.
    traffic.send(150, every=SWAPPED, policy_version=3)
    assert [alert.tier for alert in alerts(traffic.engine)] == ["standard"]


def test_what_is_stored_goes_on_in_another_process_and_broken_state_starts_again(
    traffic: Traffic,
) -> None:
    before = scalar(traffic.engine, "select pairs from monitors where kind = 'past'")
    assert before == 800
    traffic.send(1, every=QUIET)
    assert scalar(traffic.engine, "select pairs from monitors where kind = 'past'") == 802
    with traffic.engine.begin() as connection:
        connection.execute(text("update monitors set state = '{}' where kind = 'past'"))
    traffic.send(1, every=QUIET)
    assert scalar(traffic.engine, "select pairs from monitors where kind = 'past'") == 2


def test_other_tiers_or_another_level_begin_another_past(traffic: Traffic) -> None:
    fewer = replace(RULES, past=PastRules({"simple": "small-1", "standard": "medium-1"}, 1e4))
    with traffic.engine.begin() as connection:
        put.add_outcome(connection, 5_000, 1.0)
    observe(engine=traffic.engine, rules=fewer)
    assert scalar(traffic.engine, "select pairs from monitors where kind = 'past'") == 1


def test_without_models_nothing_is_watched(served: Engine) -> None:
    with served.begin() as connection:
        put.add_outcome(connection, 1, 1.0)
    observe(engine=served, rules=replace(RULES, past=PastRules({}, 1e4)))
    assert scalar(served, "select count(*) from monitors where kind = 'past'") == 0


def outcome(**changes: Any) -> Outcome:
    return replace(
        Outcome(
            id=1,
            exchange_id=put.exchange_id_of(1),
            judge_version="judge",
            session="one",
            request_no=1,
            tier="standard",
            task_type="sql",
            direction="up",
            stream="",
            policy_version=1,
            confidence=0.8,
            weight=1.0,
            density=1.0,
            tier_density=1.0,
            loss=1.0,
            basis="pairwise",
            observation=1,
        ),
        **changes,
    )


def stratum(**changes: Any) -> str:
    policies = {1: POLICY, 2: replace(POLICY, version=2)}
    [only] = heard_of([outcome(**changes)], MODELS, policies, {})
    return only.stratum


@pytest.mark.parametrize(
    "changes",
    [
        {"policy_version": 2},
        {"confidence": 0.71},
        {"session": "two"},
        {"tier": "complex", "direction": "down"},
    ],
)
def test_what_makes_no_other_population(changes: dict[str, Any]) -> None:
    assert stratum(**changes) == stratum()


@pytest.mark.parametrize(
    "changes",
    [
        {"task_type": "prose"},
        {"judge_version": "another"},
        {"confidence": 0.65},
        {"tier": "simple"},
        {"direction": "down"},
    ],
)
def test_what_makes_another_population(changes: dict[str, Any]) -> None:
    assert stratum(**changes) != stratum()


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda policy: replace(policy, thresholds=policy.thresholds | {"standard": 0.9}), True),
        (lambda policy: replace(policy, thresholds=policy.thresholds | {"simple": 0.9}), False),
        (lambda policy: replace(policy, classifier=7), False),
    ],
)
def test_a_policy_makes_another_population_by_what_comes_before_the_boundary(
    change: Callable[[Policy], Policy],
    *,
    same: bool,
) -> None:
    found = heard_of([outcome()], MODELS, {1: change(POLICY)}, {})
    assert ([one.stratum for one in found] == [stratum()]) == same


@pytest.mark.parametrize(
    ("sure", "same"),
    [
        pytest.param({"simple": 0.0, "standard": 0.8}, True, id="labelled above simple"),
        pytest.param({"simple": 0.2, "standard": 0.8}, False, id="passed simple's threshold"),
        pytest.param({"simple": 0.8, "standard": 0.8}, False, id="drained from simple"),
        pytest.param({"standard": 0.8}, False, id="not known"),
        pytest.param({}, False, id="exchange gone"),
    ],
)
def test_a_threshold_below_is_no_matter_to_requests_it_could_not_have_kept(
    sure: dict[str, float], *, same: bool
) -> None:
    moved = replace(POLICY, thresholds=POLICY.thresholds | {"simple": 0.5})
    row = outcome()
    [before], [after] = (
        heard_of([row], MODELS, {1: policy}, {row.exchange_id: sure}) for policy in (POLICY, moved)
    )
    assert (before.stratum == after.stratum) == same


def test_what_a_drained_tier_sends_up_is_another_population() -> None:
    row = outcome()
    escalated, drained = (
        heard_of([row], MODELS, {1: POLICY}, {row.exchange_id: {"simple": sure}})[0].stratum
        for sure in (0.69, 0.7)
    )
    assert escalated != drained


def test_a_threshold_below_that_moves_forgets_nothing_of_labelled_requests(
    served: Engine,
) -> None:
    """Standard's past counts on when simple's threshold moves, as approvals do any day."""
    with served.begin() as connection:
        moved = replace(POLICY, version=2, thresholds=POLICY.thresholds | {"simple": 0.6})
        add_policy(connection, moved, author="ada", reason="second")
        for number in range(1, 301):
            version, loss = (1, float(number % 5 == 0)) if number <= 240 else (2, 1.0)
            labelled = put.add_exchange(
                connection,
                number,
                tier="standard",
                confidences={"simple": 0.0, "standard": 0.9},
                captured_at=put.NOW,
                ended_at=put.NOW,
            )
            put.add_outcome(
                connection,
                number,
                loss,
                tier="standard",
                exchange_id=labelled,
                policy_version=version,
            )
    observe(engine=served, rules=RULES)
    [alert] = alerts(served)
    assert alert.tier == "standard"
    assert "standard against complex 100.0 %" in alert.summary


def test_a_conversation_is_heard_in_each_of_its_strata() -> None:
    several = [outcome(tier="simple", loss=1.0), outcome(loss=0.0), outcome(loss=1.0)]
    found = heard_of(several, MODELS, {1: POLICY}, {})
    assert [(one.boundary, one.bad, one.pairs) for one in found] == [(0, 1.0, 1), (1, 1.0, 2)]


@pytest.mark.parametrize(
    "changes",
    [
        {"tier": CACHE_TIER},
        {"tier": "gone"},
        {"tier": "complex"},
        {"tier": "simple", "direction": "down"},
        {"policy_version": 9},
    ],
)
def test_pairs_of_no_boundary_are_left_out(changes: dict[str, Any]) -> None:
    assert heard_of([outcome(**changes)], MODELS, {1: POLICY, 9: None}, {}) == ()


def test_the_summary_says_what_else_it_may_be() -> None:
    evidence = PastEvidence(
        readings=(
            Reading("tier_worse", "simple", "+0", 0.8),
            Reading("boundary", "simple", "+0", 0.8),
            Reading("judge_stricter", "", "++", 0.2),
        ),
        shifts=(BoundaryShift("simple", "standard", 80, 0.1, 0.3),),
        statistic=3e7,
        level=2e7,
        conversations=900,
        since=800,
        judge_version="judge",
        model="small-1",
    )
    assert summary(evidence) == (
        "Verdicts have left their own past; likeliest: tier simple answers worse than it used to."
        " Materially worse were simple against standard 30.0 % of 80 pairs, 10.0 % before."
        " Else: other traffic reaches tier simple, or its classifier has changed; the judge has"
        " become stricter, or all traffic harder. This compares with the past and says nothing"
        " about the tolerance."
    )
