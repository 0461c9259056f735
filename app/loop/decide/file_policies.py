"""The policies of a process that serves by one file, in a fleet whose files may differ.

At its start a process makes a policy for its file the active one. From then on it reads, and takes
what fits its file: a policy of other tiers, which a gateway with another file made active, is left
alone, and the last one that fits stays.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.loop.decide.reload import active_for, current_policies
from tierwatch.routing.policy import ActivePolicies, Policy

# A gateway says so again after this long: another one may have resolved the alert when it left.
_AGAIN_S = 60.0

_log = structlog.get_logger(__name__)

# Is given a connection in a transaction, the active policy and the file's own.
Differs = Callable[[Connection, Policy, Policy], object]
Agrees = Callable[[Connection], object]


def fingerprint(first: Policy, tiers: Mapping[str, str], *, classifier: str) -> str:
    """Twelve hexadecimal digits that stand for what of a file decides which policies fit it.

    Args:
        first: the file's policy, with its thresholds.
        tiers: models by tier, cheapest first.
        classifier: its kind.

    >>> one = fingerprint(Policy(1, {"simple": 0.7}), {"simple": "s", "top": "t"}, classifier="llm")
    >>> len(one), one == fingerprint(
    ...     Policy(1, {"simple": 0.7}), {"simple": "s", "top": "t"}, classifier="local")
    (12, False)
    """
    content = [list(tiers.items()), sorted(first.thresholds.items()), classifier]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=6).hexdigest()


class FilePolicies:
    """Asked every second by a gateway for the policies that should be active.

    Args:
        engine: Postgres.
        first: the file's policy.
        learned: whether its classifier is of the kind that learned models replace.
        file: its fingerprint.
        differs: called when the fleet's active policy is not for this file, and each minute that
            this lasts.
        agrees: called when it is again, and at the end of a process for whose file it was not.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        first: Policy,
        learned: bool,
        file: str,
        differs: Differs,
        agrees: Agrees,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._first = first
        self._learned = learned
        self._file = file
        self._differs = differs
        self._agrees = agrees
        self._clock = clock
        self._started = False
        self._said_at: float | None = None

    def __call__(self) -> ActivePolicies | None:
        """The policies for this file; None where the last ones stay.

        Postgres may be away at the start of a process: the first answer of it is the start.
        """
        if not self._started:
            policies = current_policies(
                engine=self._engine, first=self._first, learned=self._learned, file=self._file
            )
            self._started = True
            return policies
        with self._engine.connect() as connection:
            active, fit = active_for(connection, self._first, learned=self._learned)
        if active is None:
            return None
        if fit:
            self._agree()
            return active
        self._differ(active.stable)
        return None

    def close(self) -> None:
        """Take back what was said of this file: it is about to leave the fleet."""
        self._agree()

    def _differ(self, stable: Policy) -> None:
        now = self._clock()
        if self._said_at is not None and now - self._said_at < _AGAIN_S:
            return
        if self._said_at is None:
            _log.warning(
                f"the fleet's active policy {stable.version} is for tiers"
                f" {', '.join(stable.thresholds)}, this gateway's file has"
                f" {', '.join(self._first.thresholds)} below its top tier: it goes on serving by"
                " its own last policy",
                file=self._file,
            )
        with self._engine.begin() as connection:
            self._differs(connection, stable, self._first)
        self._said_at = now

    def _agree(self) -> None:
        if self._said_at is None:
            return
        with self._engine.begin() as connection:
            self._agrees(connection)
        self._said_at = None
