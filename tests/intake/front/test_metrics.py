"""The intake's page for Prometheus: every series, with its help."""

from prometheus_client import generate_latest

from tierwatch.intake.front.metrics import IntakeMetrics
from tierwatch.intake.front.state import IntakeState

STATE = IntakeState(
    alive=True,
    away=False,
    waiting_bytes=10,
    journal_bytes=20,
    stored=3,
    repeats=1,
    faults={("intake: store", "OSError"): 2},
)
SERIES = {
    "tierwatch_intake_batches",
    "tierwatch_intake_calls",
    "tierwatch_intake_passed_over",
    "tierwatch_intake_threads_alive",
    "tierwatch_intake_waiting_bytes",
    "tierwatch_intake_journal_bytes",
    "tierwatch_intake_calls_stored",
    "tierwatch_intake_repeats",
    "tierwatch_faults",
}


def test_every_series_is_there_and_says_what_it_is() -> None:
    metrics = IntakeMetrics(lambda: STATE)
    families = list(metrics.registry.collect())
    assert {one.name for one in families} == SERIES
    assert all(one.documentation.endswith(".") for one in families)


def test_values_are_those_of_the_moment() -> None:
    states = [STATE, STATE._replace(alive=False, stored=9)]
    metrics = IntakeMetrics(lambda: states[0])
    assert b"tierwatch_intake_calls_stored_total 3.0" in generate_latest(metrics.registry)
    del states[0]
    page = generate_latest(metrics.registry)
    assert b"tierwatch_intake_calls_stored_total 9.0" in page
    assert b"tierwatch_intake_threads_alive 0.0" in page
    assert b'tierwatch_faults_total{cause="OSError",doing="intake: store"} 2.0' in page


def test_trouble_is_said_in_words() -> None:
    assert STATE.trouble == ""
    assert "Postgres is away" in STATE._replace(away=True).trouble
    assert STATE._replace(alive=False, away=True).trouble == "a thread has ended"
