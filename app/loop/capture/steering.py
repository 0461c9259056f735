"""What sampling follows: the day's budget, risk, suspicion, and how many requests were before.

Asked of Postgres now and then by the writer; the request path reads the plan that came of it.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.evaluation.sampling.allocation import neyman_allocation
from tierwatch.evaluation.sampling.budget import budget_factor
from tierwatch.evaluation.sampling.burst import Burst
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.faults import FAULTS
from tierwatch.store.costs import spent_today
from tierwatch.store.judgements.bursts import burst_usd_today, polled_bursts
from tierwatch.store.judgements.risk_cells import risk_cells
from tierwatch.store.traffic.rollups import counted_requests

_log = structlog.get_logger(__name__)

# How often the day's spending is asked for.
_ASK_EVERY_S: Final = 5.0
# Predicted risk moves slowly, and reading it takes a second on a large database.
_ALLOCATE_EVERY_S: Final = 300.0


class Steering:
    """Asks what the sample should be, at most every five seconds. Used by one thread.

    Args:
        engine: Postgres.
        budget_usd_per_day: of the evaluation; None for no limit.
        monotonic: seconds that never go back.

    Attributes:
        base: requests counted before this process began; None until Postgres was asked. Other
            gateways count on beside this one: in a fleet the number is approximate.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        budget_usd_per_day: float | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._budget = budget_usd_per_day
        self._monotonic = monotonic
        self._asked_at = float("-inf")
        self._allocated_at = float("-inf")
        self.base: int | None = None

    def plan(self, plan: SamplingPlan, *, flushed: int) -> SamplingPlan:
        """The plan to sample by from now on: ``plan`` itself when nothing has changed.

        While Postgres is away, and within five seconds of the last answer, that is so.

        Args:
            plan: sampled by until now.
            flushed: requests that this process has added to those counted.
        """
        now = self._monotonic()
        if now - self._asked_at < _ASK_EVERY_S:
            return plan
        try:
            asked = self._asked(plan, flushed, now)
        except Exception as problem:  # noqa: BLE001 - sampling goes on as it was, whatever it is
            FAULTS.note("capture: steer", problem)
            return plan
        self._asked_at = now
        return asked

    def _asked(self, plan: SamplingPlan, flushed: int, now: float) -> SamplingPlan:
        with self._engine.connect() as connection:
            if self.base is None:
                self.base = counted_requests(connection) - flushed
            if self._budget is not None:
                factor = budget_factor(
                    spent_today(connection),
                    self._budget,
                    burst_usd=burst_usd_today(connection),
                )
                if factor != plan.factor:
                    _log.info("sampling rate follows the day's budget", factor=factor)
                    plan = replace(plan, factor=factor)
            if plan.allocation is not None and now - self._allocated_at >= _ALLOCATE_EVERY_S:
                plan = replace(plan, allocation=neyman_allocation(risk_cells(connection)))
                self._allocated_at = now
            bursts = _bursts(connection)
            if bursts or plan.bursts:
                plan = replace(plan, bursts=bursts)
        return plan


def _bursts(connection: Connection) -> dict[tuple[str, str], Burst]:
    """What is sampled more densely, with its end by this machine's clock.

    Arrivals are compared with it, so a burst ends by itself where Postgres is away by then.
    """
    now = time.time()
    return {
        (polled.tier, polled.task_type): Burst(polled.density, now + polled.left_s)
        for polled in polled_bursts(connection)
    }
