"""One name, one meaning; what was built on earlier names works for one more version."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tierwatch.series import AMBIGUOUS, EVALUATION, GATEWAY, WithEarlierNames, earlier_name


def _page(registry: CollectorRegistry, **kwargs: frozenset[str]) -> str:
    return generate_latest(WithEarlierNames(registry, GATEWAY, **kwargs)).decode()


def test_each_family_is_shown_under_both_names() -> None:
    registry = CollectorRegistry()
    Counter("tierwatch_gateway_cascade", "C.", ["tier"], registry=registry).labels("simple").inc(3)
    lines = _page(registry).splitlines()
    assert 'tierwatch_gateway_cascade_total{tier="simple"} 3.0' in lines
    assert 'tierwatch_cascade_total{tier="simple"} 3.0' in lines
    assert "# TYPE tierwatch_cascade_total counter" in lines
    assert any(
        line.startswith("# HELP tierwatch_cascade_total") and "tierwatch_gateway_cascade" in line
        for line in lines
    )


def test_a_histogram_keeps_its_parts() -> None:
    registry = CollectorRegistry()
    Histogram("tierwatch_gateway_request_seconds", "S.", buckets=(1, 2), registry=registry).observe(
        1.5
    )
    page = _page(registry)
    for part in ('_bucket{le="2.0"} 1.0', '_bucket{le="+Inf"} 1.0', "_count 1.0", "_sum 1.5"):
        assert f"\ntierwatch_request_seconds{part}" in page


def test_an_earlier_name_with_two_meanings_is_not_shown() -> None:
    registry = CollectorRegistry()
    Gauge("tierwatch_gateway_policy_version", "V.", registry=registry).set(4)
    page = _page(registry, without=AMBIGUOUS)
    assert "tierwatch_gateway_policy_version 4.0" in page
    assert "\ntierwatch_policy_version" not in page


def test_a_family_of_another_prefix_is_shown_once() -> None:
    registry = CollectorRegistry()
    Gauge("tierwatch_faults", "F.", registry=registry).set(1)
    names = [family.name for family in text_string_to_metric_families(_page(registry))]
    assert names == ["tierwatch_faults"]


@pytest.mark.parametrize(
    ("name", "prefix", "before"),
    [
        ("tierwatch_gateway_requests", GATEWAY, "tierwatch_requests"),
        ("tierwatch_gateway_pin_lookups", GATEWAY, "tierwatch_pin_looks"),
        ("tierwatch_evaluation_saving_ratio", EVALUATION, "tierwatch_saving_ratio"),
        ("tierwatch_evaluation_alerts", EVALUATION, ""),
        ("tierwatch_evaluation_scores_waiting", EVALUATION, ""),
        ("tierwatch_gateway_spans", GATEWAY, ""),
        ("tierwatch_gateway_requests", EVALUATION, ""),
        ("tierwatch_intake_calls", GATEWAY, ""),
    ],
)
def test_what_a_name_was_before(name: str, prefix: str, before: str) -> None:
    assert earlier_name(name, prefix) == before
