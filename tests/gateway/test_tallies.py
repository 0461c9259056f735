"""Plain numbers that show as Prometheus's own counters and histograms would."""

import pytest
from factories.served_exchanges import served
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tierwatch.gateway.tallies import Tallies

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(registry: CollectorRegistry) -> Samples:
    """Every sample of a page by name and labels; times of creation left out."""
    page = generate_latest(registry).decode()
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(page)
        for one in family.samples
        if not one.name.endswith("_created")
    }


class Page:
    """Tallies, and what a scrape of them shows."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.tallies = Tallies(self._registry)

    def shown(self, name: str, **labels: str) -> float | None:
        return samples(self._registry).get((f"tierwatch_gateway_{name}", frozenset(labels.items())))


@pytest.fixture
def page() -> Page:
    return Page()


def test_nothing_is_shown_before_the_first_request(page: Page) -> None:
    assert page.shown("overhead_seconds_count") == 0
    assert page.shown("spend_usd_total", kind="serving") is None


def test_statuses_are_counted_apart(page: Page) -> None:
    for status in (200, 200, 499):
        page.tallies.add(served()._replace(status=status, served_tier="simple"), "")
    assert page.shown("requests_total", tier="simple", status="200") == 2
    assert page.shown("requests_total", tier="simple", status="499") == 1
    assert page.shown("request_seconds_count", tier="simple") == 3


def test_no_tokens_are_shown_of_a_tier_that_never_answered(page: Page) -> None:
    page.tallies.add(served()._replace(served_tier="simple", answer=None), "")
    assert page.shown("tokens_total", tier="simple", kind="prompt") is None
    page.tallies.add(served()._replace(served_tier="simple", prompt_tokens=7, cached_tokens=0), "")
    assert page.shown("tokens_total", tier="simple", kind="prompt") == 7
    assert page.shown("tokens_total", tier="simple", kind="cached") == 0


def test_cut_and_unkept_replies_are_counted_where_there_are_any(page: Page) -> None:
    page.tallies.add(served()._replace(served_tier="simple"), "")
    assert page.shown("replies_cut_total", tier="simple") is None
    page.tallies.add(served()._replace(served_tier="simple", finished=False, kept=False), "")
    assert page.shown("replies_cut_total", tier="simple") == 1
    assert page.shown("replies_unkept_total", tier="simple") == 1


def test_what_was_spent_is_that_of_all_tiers_and_the_classifier(page: Page) -> None:
    one = served()._replace(served_tier="simple", cost_usd=0.5, classifier_cost_usd=0.25)
    page.tallies.add(one, "")
    page.tallies.add(one._replace(served_tier="complex"), "")
    assert page.shown("cost_usd_total", tier="simple") == 0.5
    assert page.shown("spend_usd_total", kind="serving") == 1.0
    assert page.shown("spend_usd_total", kind="classifier") == 0.5


def test_named_keys_have_counts_of_their_own(page: Page) -> None:
    one = served()._replace(served_tier="simple", cost_usd=0.5)
    for key in ("shop", "shop", "", "search"):
        page.tallies.add(one, key)
    assert page.shown("key_requests_total", key="shop", tier="simple") == 2
    assert page.shown("key_cost_usd_total", key="shop", tier="simple") == 1.0
    assert page.shown("key_requests_total", key="search", tier="simple") == 1
    assert page.shown("key_requests_total", key="", tier="simple") is None


MS = st.one_of(
    st.sampled_from([0.0, 50.0, 100.0, 500.0, 120_000.0, 120_001.0]),
    st.floats(0, 1e6, allow_nan=False),
)


@given(st.lists(MS, max_size=20))
def test_times_show_as_a_histogram_of_prometheus_would(latencies_ms: list[float]) -> None:
    registry, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies(registry)
    bounds = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
    seconds = Histogram(
        "tierwatch_gateway_request_seconds", ".", ["tier"], buckets=bounds, registry=theirs
    )
    requests = Counter("tierwatch_gateway_requests", ".", ["tier", "status"], registry=theirs)
    for latency_ms in latencies_ms:
        one = served()._replace(served_tier="simple", status=200, latency_ms=latency_ms)
        tallies.add(one, "")
        seconds.labels("simple").observe(latency_ms / 1000)
        requests.labels("simple", "200").inc()
    ours = samples(registry)
    assert {key: ours.get(key) for key in samples(theirs)} == samples(theirs)


def test_versions_that_are_not_accepted_are_counted(page: Page) -> None:
    assert page.shown("prompt_versions_ignored_total") == 0
    for said in ("", "v12", "two words", "v" * 100):
        page.tallies.add(served()._replace(prompt_version=said), "")
    assert page.shown("prompt_versions_ignored_total") == 2
