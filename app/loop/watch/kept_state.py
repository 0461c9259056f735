"""Kept state: a monitor goes on from what is stored of it, or starts again where that is broken.

A stream that could not go on would keep every step that meets it from ever ending. Starting again
forgets evidence and cannot make any, so it costs delay and no false alarm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol, Self, TypeVar

import structlog
from sqlalchemy import Connection

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.outcome import MOST_TOGETHER
from tierwatch.store.judgements.monitors import (
    Monitor,
    forget_stream,
    load_monitor,
    segment_monitors,
)
from tierwatch.store.judgements.own_rules import OwnRules

_log = structlog.get_logger(__name__)


class Resumable(Protocol):
    """A monitor that can go on from its state."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Go on from a state, or raise `EvidenceError`."""


M = TypeVar("M", bound=Resumable)


def resumed(of: type[M], kept: Monitor | None) -> M | None:
    """The monitor of a stream as it was left; None where there is none or it cannot be read."""
    if kept is None:
        return None
    try:
        return of.from_state(kept.state)
    except EvidenceError as problem:
        say_restarted(kept.stream, str(problem))
        return None


def resumed_of_pairs(of: type[M], kept: Monitor | None) -> M | None:
    """`resumed` of a monitor that may have been kept when conversations counted by their mean.

    Where each was a single pair, the rate of conversations was that of pairs: what was gathered
    goes on, with today's bets. Elsewhere it was evidence on another rate, and the stream starts
    again.
    """
    if kept is None or not isinstance(kept.state, dict) or "together" in kept.state:
        return resumed(of, kept)
    if kept.state.get("n") == kept.pairs:
        return resumed(of, replace(kept, state=kept.state | {"together": float(MOST_TOGETHER)}))
    say_restarted(kept.stream, "it counted conversations, and pairs are counted now")
    return None


@lru_cache(maxsize=1_024)
def say_restarted(stream: str, why: str) -> None:
    """Log that a stream starts again; the first time only."""
    _log.warning("stream started again: its state cannot be gone on with", stream=stream, why=why)


def kept_or_adopted(
    connection: Connection, stream: str, named: str, rules: OwnRules
) -> Monitor | None:
    """What is known of a misroute stream, also where it was kept under a policy's number.

    Streams were once named after their policy and started anew with each. The one of an active
    policy with this stream's rule is this stream: it goes on under its new name.

    Args:
        connection: in a transaction.
        stream: its name.
        named: the name that its outcomes carry under any policy.
        rules: by policy.
    """
    kept = load_monitor(connection, stream)
    rest = named.split("|", 3)[3:]
    if kept is not None or not rest:
        return kept
    old = []
    for version in sorted(rules.active):
        name = "|".join((*stream.split("|", 2)[:2], f"p{version}", *rest))
        if name != stream and rules.stream(name, version) == stream:
            found = load_monitor(connection, name)
            if found is not None:
                old.append(found)
                forget_stream(connection, name)
    return replace(max(old, key=lambda row: row.pairs), stream=stream) if old else None


@dataclass(frozen=True, slots=True)
class Watching:
    """A stream that is being fed, as `take_over_left` needs to know it.

    Attributes:
        stream: its name.
        tier: of its segment.
        task_type: of its segment; ``*`` for all types.
        judge_version: whose verdicts it takes.
        policy_version: of any policy with its rule.
    """

    stream: str
    tier: str
    task_type: str
    judge_version: str
    policy_version: int


def take_over_left(
    connection: Connection, monitor: MisrouteMonitor, watching: Watching, rules: OwnRules
) -> bool:
    """Take over the evidence of streams whose rule no active policy has any more.

    A rule that keeps all that the old one kept, or more, goes on with what was gathered: evidence
    that the stricter rule exceeded the tolerance is no worse for a looser one. The sum of two
    Shiryaev-Roberts statistics that have both seen their own pairs is one for the pairs of both:
    ``E[M + M'] <= n + n'``. A raise, or another classifier, is meant to be the remedy of what was
    gathered before it, so that is left behind. What was taken or left is forgotten.

    Returns:
        Whether one of those that were taken over has alarmed.
    """
    if not rules.is_active(watching.stream, watching.policy_version):
        return False
    alarmed = False
    mine = rules.of(watching.policy_version, watching.tier, watching.task_type)
    of_rule = watching.stream.split("|", 3)
    for left in segment_monitors(
        connection,
        "misroute",
        tier=watching.tier,
        task_type=watching.task_type,
        judge_version=watching.judge_version,
    ):
        parts = left.stream.split("|", 3)
        theirs = rules.of(left.policy_version, watching.tier, watching.task_type)
        if (
            left.stream == watching.stream
            or mine is None
            or theirs is None
            or parts[2:3] != [theirs.key]  # kept under a policy's number
            or parts[3:] != of_rule[3:]  # of another model
            or rules.is_active(left.stream, left.policy_version)
        ):
            continue
        forget_stream(connection, left.stream)
        before = resumed_of_pairs(MisrouteMonitor, left)
        if before is not None and mine.loosens(theirs) and monitor.absorb(before):
            alarmed = alarmed or left.alarmed
    return alarmed
