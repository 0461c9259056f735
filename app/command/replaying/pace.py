"""Replay and evaluation in step: faster clocks, holding back, waiting for workers, `--approve`.

A recording of hours is sent in minutes; without this every request would be answered before the
first verdict is in.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.terminal import say
from tierwatch.errors import ConflictError
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.settings import Settings
from tierwatch.store.traffic.rollups import counted_requests

# Sampled exchanges that may wait for a verdict before the replay holds back.
_IN_FLIGHT = 100

_STATE = text(
    "select (select count(*) from exchanges where ended_at is null) as unended,"
    " (select coalesce(sum(requests), 0) from rollups) as counted"
)

EVERY_S = 0.2
# A set of anchors and probes is answered by the recorded provider within seconds; the schedule
# asks for it within five.
_CHECKED_WITHIN_S = 60.0
# A worker that takes outcomes in is done within a second or two.
_OBSERVED_WITHIN_S = 60.0
# Anchors and probes are asked anew for each alert.
_ATTRIBUTED_WITHIN_S = 120.0

_CHECKED = text(
    "select count(distinct (kind, subject)) from evalset_runs where ended_at is not null"
)
_UNOBSERVED = text("select count(*) from outcomes where position is null")
_UNATTRIBUTED = text(
    "select count(*) from alerts"
    " where kind = 'misroute' and attribution is null and state <> 'resolved'"
)


def sped_up(settings: Settings) -> Settings:
    """Settings under which a replay of some hundred requests shows what weeks of traffic would."""
    return replace(
        settings,
        observe_every_s=1.0,
        # The lines of a conversation stand together in a recording, so they pass within a second.
        conversation_idle_s=2.0,
        sweep_every_s=5.0,
        sweep_after_s=15.0,
        claim_s=30.0,
        rollout_every_s=2.0,
        # Types that come in the middle of a replay begin new streams, and the monitors of its few
        # hundred pairs anew. `tierwatch types --rebuild` builds them afterwards.
        types_every_s=0.0,
        worker_threads=16,
        # A day's anchors and probes, and an alert's, would cost more than a few hundred requests
        # can save. 45 probes still show a model that fails a third of them.
        evalset_share=1 / 3,
    )


class Backlog:
    """Exchanges without a final word, as last seen, and requests answered since.

    Attributes:
        waiting: exchanges that have not ended, and requests the gateway has not flushed yet: they
            may hold as many pairs again.
        uncounted: the second part of it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            self._counted_before = counted_requests(connection)
        self._answered_when_seen = 0
        self.waiting = 0
        self.uncounted = 0

    def look(self, answered: int) -> None:
        """Ask the database how far it is, ``answered`` requests after the start.

        A database that is away is taken to hold nothing back: traffic does not wait for it.
        """
        try:
            with self._engine.connect() as connection:
                unended, counted = connection.execute(_STATE).one()
        except SQLAlchemyError:
            self.waiting = 0
        else:
            self.uncounted = max(0, self._counted_before + answered - int(counted))
            self.waiting = unended + self.uncounted
        self._answered_when_seen = answered

    def is_long(self, answered: int) -> bool:
        """Whether too many may wait: those seen, and those answered since."""
        return self.waiting + answered - self._answered_when_seen > _IN_FLIGHT


def await_first_checks(
    engine: Engine, *, subjects: int, tick: Callable[[], None], within_s: float = _CHECKED_WITHIN_S
) -> bool:
    """Wait until the judge has its first run of anchors and each tier its first run of probes.

    Later runs are compared with these. A replay takes a minute or less, so without waiting the
    first run would see the traffic's end, and an alert could not name a model that has changed.

    Args:
        engine: Postgres.
        subjects: how many have a first run: the judge and the tiers, as far as they are asked.
        tick: called in between.
        within_s: seconds after which it is given up.

    Returns:
        Whether all have one.
    """
    return _await(
        engine, lambda checked: checked >= subjects, of=_CHECKED, tick=tick, within_s=within_s
    )


def await_observation(
    engine: Engine,
    *,
    observe: Callable[[], object],
    tick: Callable[[], None],
    within_s: float = _OBSERVED_WITHIN_S,
) -> bool:
    """Take the last outcomes in, and wait until none is left.

    While a worker takes outcomes in, ``observe`` takes none, and the alert that the worker is about
    to open cannot be seen yet. So it is tried until no outcome is left.

    Returns:
        Whether none is left.
    """

    def take() -> None:
        tick()
        observe()

    return _await(engine, lambda left: not left, of=_UNOBSERVED, tick=take, within_s=within_s)


def await_attribution(
    engine: Engine, *, tick: Callable[[], None], within_s: float = _ATTRIBUTED_WITHIN_S
) -> None:
    """Give the workers time to say of each misroute alert what has changed."""
    if not _await(
        engine, lambda waiting: not waiting, of=_UNATTRIBUTED, tick=tick, within_s=within_s
    ):
        say("some alerts are not attributed yet; see the worker's log")


def _await(
    engine: Engine,
    done: Callable[[int], bool],
    *,
    of: TextClause,
    tick: Callable[[], None],
    within_s: float,
) -> bool:
    """Ask the database until what it counts is ``done``; False when the time is up."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        tick()
        with engine.connect() as connection:
            if done(connection.execute(of).scalar_one()):
                return True
        time.sleep(EVERY_S)
    return False


def approve_open(engine: Engine, *, share: float) -> None:
    """Approve every open proposal for a rollout to ``share`` of sessions.

    One that cannot be approved now is said and left; a database that is away is asked again later.
    """
    try:
        with engine.begin() as connection:
            found = connection.execute(text("select id from proposals where state = 'open'"))
            for proposal_id in [row.id for row in found]:
                try:
                    approve_proposal(
                        connection,
                        proposal_id,
                        actor="--approve",
                        why="accepted as it appeared",
                        share=share,
                    )
                except ConflictError as problem:
                    say(str(problem))
    except SQLAlchemyError:
        return
