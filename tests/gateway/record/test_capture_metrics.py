"""The metrics say how capture is at the moment they are asked for."""

from dataclasses import replace

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tierwatch.gateway.record.capture_metrics import CaptureMetrics
from tierwatch.loop.capture.state import CaptureState

STATE = CaptureState(
    writer_alive=True,
    caught_up_at=1_800_000_000.5,
    behind_s=0.2,
    spool_bytes=4_096,
    dropped=3,
    dead_letters=2,
    faults={("capture: commit", "DataError 22003"): 5, ("pins: read", "ValueError"): 1},
)


def test_each_figure_is_a_series() -> None:
    registry = CollectorRegistry()
    registry.register(CaptureMetrics(lambda: STATE))
    text = generate_latest(registry).decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == [
        "tierwatch_gateway_capture_last_commit_timestamp_seconds 1.8000000005e+09",
        "tierwatch_gateway_capture_writer_alive 1.0",
        "tierwatch_gateway_capture_spool_bytes 4096.0",
        "tierwatch_gateway_capture_dropped_total 3.0",
        "tierwatch_gateway_capture_dead_letters_total 2.0",
        'tierwatch_faults_total{cause="DataError 22003",doing="capture: commit"} 5.0',
        'tierwatch_faults_total{cause="ValueError",doing="pins: read"} 1.0',
    ]


def test_they_are_asked_anew_at_each_scrape() -> None:
    states = iter([STATE, replace(STATE, writer_alive=False)])
    registry = CollectorRegistry()
    registry.register(CaptureMetrics(lambda: next(states)))
    alive = []
    for _ in range(2):
        families = text_string_to_metric_families(generate_latest(registry).decode())
        samples = {one.name: one.value for family in families for one in family.samples}
        alive.append(samples["tierwatch_gateway_capture_writer_alive"])
    assert alive == [1.0, 0.0]


def test_registering_asks_nothing() -> None:
    def too_early() -> CaptureState:
        raise AssertionError("the recorder has not begun")

    CollectorRegistry().register(CaptureMetrics(too_early))
