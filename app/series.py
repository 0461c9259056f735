"""Names of Prometheus series: one name has one meaning, whichever process shows it.

The prefix says who counts: `tierwatch_gateway_`, `tierwatch_evaluation_` (the dashboard, from
Postgres), `tierwatch_intake_`, `tierwatch_worker_`. `tierwatch_faults` alone is shown by several,
for it means the same on each. Names of before 0.2 had no such prefix, and four of them were shown
by gateway and dashboard with two meanings.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, Protocol

from prometheus_client import Metric
from prometheus_client.samples import Sample

GATEWAY: Final = "tierwatch_gateway_"
EVALUATION: Final = "tierwatch_evaluation_"
_BEFORE: Final = "tierwatch_"

# Those whose words changed as well.
_WORDS: Final[Mapping[str, str]] = {
    "tierwatch_cache_lookups": "tierwatch_cache_looks",
    "tierwatch_pin_lookups": "tierwatch_pin_looks",
}
# Gateway and dashboard showed these with two meanings: the name stays with the gateway.
AMBIGUOUS: Final = frozenset(
    {"tierwatch_cost_usd", "tierwatch_policy_version", "tierwatch_requests", "tierwatch_spend_usd"}
)
# From here on there are no earlier names.
NEW: Final = frozenset({
    "tierwatch_evaluation_alerts",
    "tierwatch_evaluation_certificate_timestamp_seconds",
    "tierwatch_evaluation_last_verdict_timestamp_seconds",
    "tierwatch_evaluation_months_until_timestamp_seconds",
    "tierwatch_evaluation_oldest_pending_timestamp_seconds",
    "tierwatch_evaluation_scores_failed",
    "tierwatch_evaluation_scores_failing",
    "tierwatch_evaluation_scores_waiting",
    "tierwatch_gateway_spans",
})  # fmt: skip


class Collects(Protocol):
    """What `generate_latest` reads: a registry, or one of these around it."""

    def collect(self) -> Iterable[Metric]:
        """Every family."""


class WithEarlierNames:
    """Shows each family under its name and, for one more minor version, under the one before.

    Args:
        shown: the families.
        prefix: who counts.
        without: earlier names that are not shown.
    """

    def __init__(
        self, shown: Collects, prefix: str, *, without: Collection[str] = frozenset()
    ) -> None:
        self._shown = shown
        self._prefix = prefix
        self._without = without

    def collect(self) -> Iterator[Metric]:
        """Every family, each followed by its earlier self."""
        for family in self._shown.collect():
            yield family
            name = earlier_name(family.name, self._prefix)
            if name and name not in self._without:
                yield _renamed(family, name)


def earlier_name(name: str, prefix: str) -> str:
    """What a family was called before 0.2; empty for one that there was not, or that kept its name.

    >>> earlier_name("tierwatch_gateway_cache_lookups", GATEWAY)
    'tierwatch_cache_looks'
    """
    if not name.startswith(prefix) or name in NEW:
        return ""
    before = _BEFORE + name.removeprefix(prefix)
    return _WORDS.get(before, before)


def _renamed(family: Metric, name: str) -> Metric:
    made = Metric(name, f"Deprecated, goes with 0.3: now {family.name}.", family.type, family.unit)
    made.samples = [
        Sample(name + one.name.removeprefix(family.name), *one[1:]) for one in family.samples
    ]
    return made
