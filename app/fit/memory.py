"""What refusals taught of deployments: kept for an hour, by one process, for all its requests."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tierwatch.fit.fitted import EVERYTHING, Takes, takes_of
from tierwatch.fit.lesson import Lesson
from tierwatch.fit.needs import Lacks, lacks_of
from tierwatch.fit.table import facts_of, tier_facts
from tierwatch.routing.facts import UNKNOWN, Facts
from tierwatch.routing.tiers import Tier

# Provider, and what it calls the model.
Key = tuple[str, str]

# Servers are upgraded and deployments renamed; to learn it anew costs one refused call.
_KEPT_S = 3_600.0
# More than a model refuses; whatever a provider answers, a deployment's memory stays this small.
_MOST_LESSONS = 24
_MOST_DEPLOYMENTS = 1_000


class Known(NamedTuple):
    """What is known of a deployment, ready for use."""

    takes: Takes = EVERYTHING
    lacks: Lacks = Lacks()


class Memory:
    """What each deployment takes: by the table, by the file, and by what it refused.

    Threads may share it. Reading takes no lock.

    Args:
        tiers: whose deployments the file says something of; others are known by their names.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        tiers: Sequence[Tier] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tiers = {
            (place.provider, place.model): tier
            for tier in reversed(tiers)
            for place in tier.served_at()
        }
        self._clock = clock
        self._lock = threading.Lock()
        self._lessons: dict[tuple[Key, str], dict[Lesson, float]] = {}
        self._known: dict[tuple[Key, str], tuple[Known, float | None]] = {}

    def known(self, key: Key, wire: str) -> Known:
        """What is known of a deployment that is called on this wire."""
        found = self._known.get((key, wire))
        if found is None or (found[1] is not None and found[1] <= self._clock()):
            with self._lock:
                return self._renewed(key, wire)
        return found[0]

    def learn(self, key: Key, wire: str, lesson: Lesson) -> None:
        """Remember a lesson. Where two say the opposite, the newer one holds."""
        with self._lock:
            lessons = self._lessons.setdefault((key, wire), {})
            lessons.pop(lesson, None)
            lessons[lesson] = self._clock() + _KEPT_S
            while len(lessons) > _MOST_LESSONS:
                lessons.pop(next(iter(lessons)))
            self._renewed(key, wire)

    def unlearn(self, key: Key, wire: str, lesson: Lesson) -> None:
        """Forget a lesson that did not help."""
        with self._lock:
            if self._lessons.get((key, wire), {}).pop(lesson, None) is not None:
                self._renewed(key, wire)

    def _renewed(self, key: Key, wire: str) -> Known:
        now = self._clock()
        lessons = self._lessons.get((key, wire), {})
        for old in [lesson for lesson, end in lessons.items() if end <= now]:
            del lessons[old]
        facts, without = UNKNOWN, frozenset[str]()
        for lesson in lessons:
            facts = lesson.facts.over(facts)
            without |= lesson.without
        facts = facts.over(self._facts(key, wire))
        known = Known(takes_of(facts, wire, without), lacks_of(facts, wire))
        if len(self._known) >= _MOST_DEPLOYMENTS:  # of names that no file holds
            self._known.clear()
            self._lessons = {at: kept for at, kept in self._lessons.items() if at == (key, wire)}
        self._known[key, wire] = (known, min(lessons.values(), default=None))
        return known

    def _facts(self, key: Key, wire: str) -> Facts:
        tier = self._tiers.get(key)
        return facts_of(key[1], wire) if tier is None else tier_facts(tier, wire)
