"""Each tier is asked every probe once a run, and a tier that no longer passes them is told."""

import pytest
from factories.evalsets import PROBES, Models
from fakes.collaborators import TIERS, rows, scalar
from sqlalchemy import Engine

from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.probes import ProbeRun, ask_probes


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
