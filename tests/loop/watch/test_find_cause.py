"""A misroute alert gets its cause: from pairs before and after, anchors and probes."""

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import factories.rows as put
import pytest
from factories.evalsets import ANCHORS, PROBES, Models, TruthfulJudge
from fakes.collaborators import TIERS_BY_NAME, rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.watch.checks.anchors import AnchorRun, judge_anchors
from tierwatch.loop.watch.checks.probes import ProbeRun, ask_probes
from tierwatch.loop.watch.find_cause import (
    anchor_flips,
    attribute_alerts,
    attribution_of,
    probe_flips,
)
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.store.alerts import claim_attribution
from tierwatch.store.judgements.cells import loss_cells

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = MonitorRules(tolerance={"standard": 0.1}, level=1e7, max_weight=1.0, min_pairs=30)


@pytest.fixture
def judge() -> TruthfulJudge:
    found = TruthfulJudge()
    found.version = put.JUDGE
    return found


@pytest.fixture
def models() -> Models:
    return Models()


def learn_the_past(engine: Engine, judge: TruthfulJudge, models: Models) -> None:
    """A first run of anchors and probes, and 400 pairs of which one in twenty is bad."""
    judge_anchors(engine=engine, judge=judge, anchors=ANCHORS, why="first")
    tiers = TIERS_BY_NAME.values()
    ask_probes(engine=engine, client=models, tiers=tiers, probes=PROBES, why="first")
    pour(engine, 1, 400, every=20)


def pour(engine: Engine, first: int, n: int, *, every: int, confidence: float = 0.85) -> None:
    with engine.begin() as connection:
        for number in range(first, first + n):
            put.add_outcome(
                connection,
                number,
                float(number % every == 0),
                tier="standard",
                confidence=confidence,
            )
    observe(engine=engine, rules=RULES)


def attribute(engine: Engine, judge: TruthfulJudge | None, models: Models) -> int:
    return attribute_alerts(
        engine=engine,
        judge=judge,
        client=models,
        tiers=TIERS_BY_NAME,
        anchors=ANCHORS,
        probes=PROBES,
    )


def attribution(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = scalar(engine, "select attribution from alerts where kind = 'misroute'")
    return found


def test_a_model_that_fails_its_probes_is_named(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    models.unlearnt["medium-1"] = set(range(15))
    assert attribute(engine, judge, models) == 1
    assert attribute(engine, judge, models) == 0
    found = attribution(engine)
    assert found["cause"] == "model"
    assert "15 of 40 probes" in found["sentence"]
    assert found["parts"]["within"]["value"] == pytest.approx(0.45, abs=0.05)
    assert scalar(engine, "select count(*) from audit where action = 'alert.attributed'") == 1
    # The runs say which alert asked for them.
    assert scalar(engine, "select count(*) from evalset_runs where why like 'alert %'") == 4


def test_other_traffic_is_no_worse_model(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    # Prompts of low confidence were always bad half of the time; now there is nothing else.
    pour(engine, 1_001, 60, every=2, confidence=0.25)
    with engine.begin() as connection:
        connection.execute(text("update outcomes set id = -id where request_no > 1000"))
        connection.execute(text("delete from alerts"))
        connection.execute(text("delete from monitors"))
    pour(engine, 2_001, 300, every=2, confidence=0.25)
    attribute(engine, judge, models)
    assert attribution(engine)["cause"] == "mix"


def test_a_judge_that_has_changed_is_named_and_no_tier_is_blamed(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    judge.changed = lambda number: "alternative" if number >= 20 and number % 2 else None
    attribute(engine, judge, models)
    assert attribution(engine)["cause"] in {"judge", "undetermined"}
    assert attribution(engine)["parts"]["judge"]["value"] > 0.3


def test_without_anything_to_compare_with_it_says_so(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    pour(engine, 1, 400, every=20)
    pour(engine, 401, 200, every=2)
    assert attribute(engine, judge, models) == 1
    found = attribution(engine)
    assert found["cause"] == "undetermined"
    assert "without anchors" in found["sentence"]


def test_without_a_judge_that_can_be_asked_only_probes_speak(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    models.unlearnt["medium-1"] = set(range(15))
    asked = judge.asked
    attribute(engine, None, models)
    assert judge.asked == asked
    assert attribution(engine)["cause"] == "model"


def test_an_alert_waits_while_another_worker_runs_the_anchors(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    with engine.begin() as connection:
        connection.execute(
            text("update evalset_runs set ended_at = null, until = now() + interval '1 min'")
        )
    assert attribute(engine, judge, models) == 0
    waits = rows(engine, "select attribution, attribution_until > now() as held from alerts")[0]
    assert tuple(waits) == (None, True)


def test_a_segment_of_all_types_takes_the_pairs_of_all_and_conversations_count_once(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        for number in range(1, 9):
            put.add_outcome(
                connection,
                number,
                float(number % 2),
                task_type="sql" if number <= 4 else "code",
                session=f"talk {number // 2}" if number < 8 else "alone",
                pi=0.5,
            )
        first = connection.execute(text("select min(id) + 4 from outcomes")).scalar_one()
        of = {"judge_version": put.JUDGE, "first_outcome": first}
        before, after = loss_cells(connection, "simple", task_type="*", **of)
        only, _ = loss_cells(connection, "simple", task_type="code", **of)
    # Talks 0 (pair 1), 1 (2, 3) and 2 (4) before; 2 (5), 3 (6, 7) and one alone (8) after.
    [cell] = before.values()
    assert (cell.n, cell.weight, cell.weighted_loss) == (3, 8.0, 4.0)
    [later] = after.values()
    assert (later.n, later.weight) == (3, 8.0)
    assert list(before) == ["simple/sql/0.9-1.0"]
    assert only == {}


def test_what_another_model_was_confident_of_is_in_no_cell(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.add_policy(connection, 2)
        connection.execute(
            text(
                "insert into classifier_models (version, boundary, artefact_id)"
                " values (1, 'simple', 5)"
            )
        )
        connection.execute(text("update policies set classifier = 1 where version = 2"))
        for number in range(1, 13):
            put.add_outcome(connection, number, 1.0, policy_version=1 if number <= 5 else 2)
        first = connection.execute(text("select min(id) + 8 from outcomes")).scalar_one()

        def counts(artefact_id: int) -> tuple[int, int]:
            before, after = loss_cells(
                connection,
                "simple",
                task_type="*",
                judge_version=put.JUDGE,
                first_outcome=first,
                artefact_id=artefact_id,
            )
            return sum(cell.n for cell in before.values()), sum(cell.n for cell in after.values())

        # Five pairs of the configured classifier; then three of the model, and four after.
        assert counts(5) == (3, 4)
        assert counts(0) == (5, 0)


def test_an_alert_is_held_against_the_past_of_its_own_policys_model(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    with engine.begin() as connection:
        put.add_policy(connection)
        put.add_policy(connection, 7)
        connection.execute(
            text(
                "insert into classifier_models (version, boundary, artefact_id)"
                " values (1, 'standard', 5)"
            )
        )
        connection.execute(text("update policies set classifier = 1 where version = 7"))
        # All that came before the change was decided by a model that is gone.
        connection.execute(text("update outcomes set policy_version = 7 where request_no <= 400"))
    models.unlearnt["medium-1"] = set(range(15))
    attribute(engine, None, models)
    assert attribution(engine)["cause"] == "undetermined"


def test_flips_are_counted_on_items_that_both_runs_answered() -> None:
    truth = {"a1": "b", "a2": "b", "a3": "tie", "a4": "a", "a5": "b"}
    before: Mapping[str, str | None] = {"a1": "b", "a2": "b", "a3": "tie", "a4": "a", "a5": None}
    after: Mapping[str, str | None] = {"a1": "b", "a2": "tie", "a3": "b", "a4": "a", "a5": "b"}
    run = AnchorRun(2, compared=True, truth=truth, before=before, after=after)
    found = anchor_flips(run)
    assert (found.worse.n, found.worse.to_not_worse, found.worse.to_worse) == (2, 1, 0)
    assert (found.not_worse.n, found.not_worse.to_worse) == (2, 1)
    probes = ProbeRun(
        "simple",
        2,
        compared=True,
        before={"p1": True, "p2": True, "p3": False, "p4": None},
        after={"p1": True, "p2": False, "p3": True, "p4": True},
    )
    flips = probe_flips(probes)
    assert (flips.n, flips.pass_to_fail, flips.fail_to_pass) == (3, 1, 1)
    # A first run is compared with nothing.
    unknown = attribution_of(({}, {}), "simple", replace(run, compared=False), [probes])
    assert unknown.parts.judge.value is None


def test_resolved_alerts_are_not_looked_into(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    asked = judge.asked
    with engine.begin() as connection:
        connection.execute(text("update alerts set state = 'resolved', resolved_at = now()"))
    assert attribute(engine, judge, models) == 0
    assert judge.asked == asked


def test_alerts_that_open_together_share_what_was_answered(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into alerts (kind, cause, tier, segment, state, summary, pairs,"
                " opened_at_request, evidence, delivered, opened_at)"
                " select kind, 'another', tier, segment, state, summary, pairs,"
                " opened_at_request, evidence, delivered, opened_at from alerts"
                " where kind = 'misroute'"
            )
        )
    asked = judge.asked
    assert attribute(engine, judge, models) == 2
    assert judge.asked == asked + 40


def test_only_one_attribution_is_under_way(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    with engine.begin() as connection:
        assert claim_attribution(connection, hold=dt.timedelta(minutes=1)) is not None
        assert claim_attribution(connection, hold=dt.timedelta(minutes=1)) is None
    asked = judge.asked
    assert attribute(engine, judge, models) == 0
    assert judge.asked == asked


def test_an_alert_that_cannot_be_read_is_left_alone_and_the_next_is_attributed(
    engine: Engine, judge: TruthfulJudge, models: Models
) -> None:
    with engine.begin() as connection:
        newer = put.add_alert(connection, cause="misroute:simple:all", evidence={"version": 2})
    learn_the_past(engine, judge, models)
    pour(engine, 401, 200, every=2)
    assert attribute(engine, judge, models) == 1
    found = rows(engine, "select id, attribution is null as left from alerts order by id")
    assert {row.id: row.left for row in found if row.id == newer} == {newer: True}
    assert [row.left for row in found if row.id != newer] == [False]
    # Nor is it held, so that a version that can read it may claim it at once.
    held = scalar(engine, "select attribution_until > now() from alerts where id = :id", id=newer)
    assert held is False
