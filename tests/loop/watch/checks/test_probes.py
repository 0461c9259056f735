"""Each tier is asked every probe once a run, and a tier that no longer passes them is told."""

import datetime as dt

import factories.rows as put
import pytest
from factories.evalsets import PROBES, Models
from fakes.collaborators import TIERS, rows, scalar
from sqlalchemy import Engine, text

from tierwatch.evaluation.evidence.drift_evidence import ModelDriftEvidence
from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.checks.flip_monitor import FLIPS_TOLERATED
from tierwatch.loop.watch.checks.probes import ProbeRun, ask_probes, model_cause
from tierwatch.store.alerts import unresolved_alert


@pytest.fixture
def models() -> Models:
    return Models()


def run(engine: Engine, models: Models, every_s: float | None = None) -> list[ProbeRun]:
    return ask_probes(
        engine=engine, client=models, tiers=TIERS, probes=PROBES, every_s=every_s, why="test"
    )


def test_every_tier_is_asked_every_probe_and_pays_for_it(engine: Engine, models: Models) -> None:
    runs = run(engine, models)
    assert [one.tier for one in runs] == ["simple", "standard", "complex"]
    assert not any(one.compared for one in runs)
    assert models.asked == 3 * 40 * 2  # twice in the first run
    assert scalar(engine, "select count(*) from probe_answers where passed") == 120
    # 80 calls of 200 tokens at .25, 3 and 15 USD a million.
    assert scalar(engine, "select sum(cost_usd) from probe_answers") == pytest.approx(
        80 * 200 * (0.25 + 3 + 15) / 1e6
    )
    assert run(engine, models, every_s=3600.0) == runs
    assert models.asked == 240
    assert models.temperatures == {0}
    run(engine, models)
    assert models.asked == 240 + 120  # once from then on


def test_what_was_passed_by_luck_is_not_watched(engine: Engine, models: Models) -> None:
    models.wavering = {0, 1, 2, 3}
    first = {one.tier: one for one in run(engine, models)}["simple"]
    assert [name for name, passed in first.after.items() if not passed] == [
        f"p{number:02d}" for number in range(4)
    ]


def test_a_tier_that_fails_what_it_passed_is_told_and_the_others_are_not(
    engine: Engine, models: Models
) -> None:
    models.unlearnt["medium-1"] = {0, 1}
    run(engine, models)
    models.unlearnt["medium-1"] = set(range(15))
    runs = run(engine, models)
    assert all(one.compared for one in runs)
    [alert] = rows(engine, "select * from alerts")
    assert (alert.kind, alert.tier, alert.segment) == ("model_drift", "standard", "standard/all")
    # Of the 38 it passed at first, 13 are lost.
    assert "fails 13 of 38 probes" in alert.summary
    assert (alert.evidence["flips"], alert.evidence["items"]) == (13, 38)
    run(engine, models)
    assert scalar(engine, "select count(*) from alerts") == 1


def test_resolving_the_alert_accepts_the_model_as_it_is_now(engine: Engine, models: Models) -> None:
    run(engine, models)
    models.unlearnt["medium-1"] = set(range(15))
    run(engine, models)
    alert_id = scalar(engine, "select id from alerts")
    with engine.begin() as connection:
        resolve_alert(connection, alert_id, actor="ada")
    runs = {one.tier: one for one in run(engine, models)}
    assert not runs["standard"].compared
    assert runs["simple"].compared
    run(engine, models)
    assert scalar(engine, "select count(*) from alerts") == 1


def test_a_provider_that_is_away_fails_no_probe(engine: Engine, models: Models) -> None:
    run(engine, models)
    models.away = {"medium-1"}
    runs = {one.tier: one for one in run(engine, models)}
    assert "standard" not in runs
    assert runs["simple"].compared
    assert scalar(engine, "select count(*) from alerts") == 0


def test_a_reply_that_fails_is_kept_for_people_and_cut(engine: Engine, models: Models) -> None:
    models.unlearnt["small-1"] = {7}
    run(engine, models)
    found = rows(
        engine,
        "select a.reply, a.passed from probe_answers a join evalset_runs r on r.id = a.run_id"
        " where r.subject = 'simple' and a.probe_id = 'p07'",
    )
    assert [tuple(row) for row in found] == [("no", False)]


def test_a_fresh_run_serves_an_alert_that_opened_before_it(engine: Engine, models: Models) -> None:
    opened = dt.datetime.now(dt.UTC)
    run(engine, models)
    asked = models.asked
    again = ask_probes(
        engine=engine,
        client=models,
        tiers=TIERS,
        probes=PROBES,
        why="alert 1",
        fresh_after=opened,
    )
    assert [one.tier for one in again] == ["simple", "standard", "complex"]
    assert models.asked == asked


def test_a_spent_budget_asks_nothing(engine: Engine, models: Models) -> None:
    with engine.begin() as connection:
        put.add_pair(connection, 1)  # costs 0.012 USD
    found = ask_probes(
        engine=engine,
        client=models,
        tiers=TIERS,
        probes=PROBES,
        why="test",
        budget_usd_per_day=0.01,
    )
    assert (found, models.asked) == ([], 0)


def test_a_lost_call_is_paid_for_and_the_run_goes_on_later(engine: Engine, models: Models) -> None:
    models.away = {"small-1"}
    assert [one.tier for one in run(engine, models)] == ["standard", "complex"]
    models.away = set()
    with engine.begin() as connection:
        connection.execute(
            text("update evalset_runs set until = now() - interval '1 s' where ended_at is null")
        )
    runs = run(engine, models)
    assert runs[0].tier == "simple"
    # It is the first run of that model still: compared with nothing.
    assert not runs[0].compared


def test_a_drift_alert_says_of_which_model_it_is(engine: Engine, models: Models) -> None:
    run(engine, models)
    models.unlearnt["small-1"] = set(range(20))
    run(engine, models)
    with engine.connect() as connection:
        found = unresolved_alert(connection, model_cause(TIERS[0]))
    assert found is not None
    assert isinstance(found.evidence, ModelDriftEvidence)
    assert (found.evidence.model, found.evidence.flips) == ("small-1", 20)
    assert found.evidence.tolerance == FLIPS_TOLERATED


def test_a_process_that_is_asked_to_end_gives_its_run_back(engine: Engine, models: Models) -> None:
    def stopping() -> bool:
        return models.asked >= 6

    given_up = ask_probes(
        engine=engine, client=models, tiers=TIERS, probes=PROBES, why="test", stopping=stopping
    )
    assert given_up == []
    assert models.asked < 80  # of the first tier alone
    assert scalar(engine, "select count(*) from evalset_runs where until > clock_timestamp()") == 0
    assert len(run(engine, models)) == 3
