"""How verdicts on anchors and results of probes turned between two windows."""

from dataclasses import dataclass

from scipy import special

from tierwatch.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class AnchorFlips:
    """Anchors of one true verdict, judged in both windows.

    Attributes:
        n: anchors with a readable verdict in both.
        worse_before: of these, judged "worse" before.
        to_worse: judged worse after and not before.
        to_not_worse: judged worse before and not after.

    Raises:
        EvidenceError: more flips than there are anchors that could flip.

    >>> AnchorFlips(n=200, worse_before=8, to_worse=12, to_not_worse=2).worse_after
    18
    """

    n: int
    worse_before: int
    to_worse: int
    to_not_worse: int

    def __post_init__(self) -> None:
        if not 0 <= self.to_not_worse <= self.worse_before <= self.n:
            raise EvidenceError(
                f"to_not_worse <= worse_before <= n, and none negative, do not hold: {self}"
            )
        if not 0 <= self.to_worse <= self.n - self.worse_before:
            raise EvidenceError(f"to_worse must lie in [0, n - worse_before]: {self}")

    @property
    def worse_after(self) -> int:
        """How many are judged worse after."""
        return self.worse_before + self.to_worse - self.to_not_worse


@dataclass(frozen=True, slots=True)
class AnchorEvidence:
    """What the judge said of anchors, before and after, by their true verdict."""

    worse: AnchorFlips
    not_worse: AnchorFlips


@dataclass(frozen=True, slots=True)
class ProbeFlips:
    """A tier's probes, asked in both windows.

    Attributes:
        n: probes asked in both.
        pass_to_fail: passed before and failed after.
        fail_to_pass: the other way round.
        passed_before: of ``n``, those passed before; None where they were not counted.

    Raises:
        EvidenceError: more flips than probes, or than were passed before.

    >>> round(ProbeFlips(n=120, pass_to_fail=9, fail_to_pass=1).p_value, 4)   # 11 / 1,024
    0.0107
    """

    n: int
    pass_to_fail: int
    fail_to_pass: int
    passed_before: int | None = None

    def __post_init__(self) -> None:
        flips = (self.pass_to_fail, self.fail_to_pass)
        if min(flips) < 0 or sum(flips) > self.n:
            raise EvidenceError(f"flips must not be negative, nor more than n: {self}")
        passed = self.passed_before
        if passed is not None and not self.pass_to_fail <= passed <= self.n - self.fail_to_pass:
            raise EvidenceError(f"passed_before does not fit the flips: {self}")

    @property
    def p_value(self) -> float:
        """Exact one-sided p of "does not fail more often than before" (McNemar 1947).

        ``P(B >= pass_to_fail)``, B binomial with all flips and 1/2.
        """
        flips = self.pass_to_fail + self.fail_to_pass
        if self.pass_to_fail == 0:
            return 1.0
        return float(special.betainc(self.pass_to_fail, flips - self.pass_to_fail + 1, 0.5))
