"""How capture is: what the metrics show and readiness asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# A flush takes a second, a failover half a minute; who is behind for longer needs somebody.
BEHIND_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class CaptureState:
    """Capture at one moment.

    Attributes:
        writer_alive: whether the writer's thread runs.
        caught_up_at: epoch seconds; all that was recorded until then was in Postgres.
        behind_s: seconds since then.
        spool_bytes: wait on disk.
        dropped: exchanges that this process sampled and did not keep.
        dead_letters: kept by this process.
        outside: by reason, requests of this process that cannot be evidence; what is known of drawn
            exchanges alone is estimated.
        faults: how often what was being done failed for which cause.
    """

    writer_alive: bool
    caught_up_at: float
    behind_s: float
    spool_bytes: int
    dropped: int
    dead_letters: int
    faults: Mapping[tuple[str, str], int] = field(default_factory=dict)
    outside: Mapping[str, float] = field(default_factory=dict)

    @property
    def trouble(self) -> str:
        """Why somebody should look at it, in a few words; empty when nobody need."""
        if not self.writer_alive:
            return "the writer does not run"
        if self.behind_s > BEHIND_AFTER_S:
            return f"behind for {self.behind_s:.0f} s"
        return ""
