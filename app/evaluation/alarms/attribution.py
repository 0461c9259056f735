"""Why did a rate change: other traffic, worse answers, another judge, or another model?

`attribute` compares two windows of pairs. It splits the change of the judged rate into parts, each
with an interval, and names a cause only when one part demonstrably makes up at least half of it.
*Undetermined* is an answer, with its reason in words.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimation import Estimate, Floats, checked_array

Flags = NDArray[np.bool_]

Cause = Literal["mix", "quality", "judge", "model", "undetermined"]

# Whether the rate changed at all is asked at 99 %: at 95 %, one comparison in 20 of windows in
# which nothing changed passes, and most of those go on to be blamed on something.
_CHANGE_LEVEL = 0.99
# Chance that probes of an unchanged tier are taken for a changed model, and, beside it, the
# stricter view of the other tiers: a hint that they fail more too forbids the word "model".
_PROBES_FAIL, _OTHERS_FAIL = 0.01, 0.05
# What a person reads before stopping.
_SEGMENTS_SHOWN = 5
# Sums of floats may pass their bounds by rounding, and by no more.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Cell:
    """The pairs of one segment cell in one window, as sums.

    Attributes:
        n: pairs; of a conversation's pairs count one, with its mean loss.
        weight: sum of w = 1 / pi.
        squared_weight: sum of w^2.
        weighted_loss: sum of w x, x being the judged loss in [0, 1].

    Raises:
        EvidenceError: sums that no pairs can have.

    >>> Cell(n=4, weight=4.0, squared_weight=4.0, weighted_loss=1.0).rate
    0.25
    """

    n: int
    weight: float
    squared_weight: float
    weighted_loss: float

    def __post_init__(self) -> None:
        w, w2 = self.weight, self.squared_weight
        if self.n < 0 or not all(map(math.isfinite, (w, w2, self.weighted_loss))):
            raise EvidenceError(f"a cell needs n >= 0 and finite sums, not {self}")
        if self.n == 0:
            if w or w2 or self.weighted_loss:
                raise EvidenceError(f"a cell without pairs must have no weight and no loss: {self}")
            return
        if not (w > 0 and w * w / self.n * (1 - _SLACK) <= w2 <= w * w * (1 + _SLACK)):
            raise EvidenceError(
                "squared weights must lie between weight^2 / n and weight^2, weight being"
                f" positive, not {self}"
            )
        if not 0 <= self.weighted_loss <= w * (1 + _SLACK):
            raise EvidenceError(f"the weighted loss must lie between 0 and the weight, not {self}")

    @classmethod
    def of(cls, losses: ArrayLike, weights: ArrayLike) -> Self:
        """The sums of losses in [0, 1] and positive weights.

        Raises:
            EvidenceError: they are of different lengths, or outside those ranges.

        >>> Cell.of([1, 0], [1.0, 3.0])
        Cell(n=2, weight=4.0, squared_weight=10.0, weighted_loss=1.0)
        """
        x = checked_array(losses, "losses", low=0, high=1)
        most = math.sqrt(np.finfo(np.float64).max)
        w = checked_array(weights, "weights", low=0, high=most, size=x.size)
        return cls(int(x.size), float(w.sum()), float(w @ w), float(w @ x))

    @property
    def rate(self) -> float:
        """Weighted loss rate; NaN without pairs."""
        return min(1.0, self.weighted_loss / self.weight) if self.n else math.nan

    @property
    def effective(self) -> float:
        """Kish's effective number of pairs; 0 without pairs."""
        return self.weight**2 / self.squared_weight if self.n else 0.0


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

    Raises:
        EvidenceError: more flips than probes.

    >>> round(ProbeFlips(n=120, pass_to_fail=9, fail_to_pass=1).p_value, 4)   # 11 / 1,024
    0.0107
    """

    n: int
    pass_to_fail: int
    fail_to_pass: int

    def __post_init__(self) -> None:
        flips = (self.pass_to_fail, self.fail_to_pass)
        if min(flips) < 0 or sum(flips) > self.n:
            raise EvidenceError(f"flips must not be negative, nor more than n: {self}")

    @property
    def p_value(self) -> float:
        """Exact one-sided p of "does not fail more often than before" (McNemar 1947).

        ``P(B >= pass_to_fail)``, B binomial with all flips and 1/2.
        """
        flips = self.pass_to_fail + self.fail_to_pass
        if self.pass_to_fail == 0:
            return 1.0
        return float(special.betainc(self.pass_to_fail, flips - self.pass_to_fail + 1, 0.5))


@dataclass(frozen=True, slots=True)
class SegmentShift:
    """One cell's contribution to the change.

    Attributes:
        key: of the cell.
        share_before: of the weighted traffic.
        share_after: the same, after.
        rate_before: weighted loss rate; None without pairs.
        rate_after: the same, after.
        mix: contribution to the mix part, ``(change of share) * (its rate - mean rate)``.
        within: contribution to the within part, ``(change of rate) * (mean share)``.
    """

    key: str
    share_before: float
    share_after: float
    rate_before: float | None
    rate_after: float | None
    mix: float
    within: float


@dataclass(frozen=True, slots=True)
class Parts:
    """The change of the judged rate and what makes it up, each a difference in [-1, 1].

    ``change = mix + within`` and ``within = judge + quality``.
    """

    change: Estimate
    mix: Estimate
    within: Estimate
    judge: Estimate
    quality: Estimate


@dataclass(frozen=True, slots=True)
class AttributionEvidence:
    """What a person checks an attribution by.

    Attributes:
        rate_before: judged rate of the first window.
        rate_after: of the second.
        segments: the cells that contributed most, the largest first.
        probes: net rate of probes newly failed by the tier; unknown without probes.
        probes_p: exact one-sided p for them; None without probes.
        others_p: the same for each other tier.
        reason: why this cause, or why none, as a sentence.
    """

    rate_before: float
    rate_after: float
    segments: tuple[SegmentShift, ...]
    probes: Estimate
    probes_p: float | None
    others_p: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Why a rate changed.

    Attributes:
        cause: the part that demonstrably makes up at least half of the change, or undetermined.
        parts: all parts, with intervals.
        evidence: segments, probes and the reason in words.
    """

    cause: Cause
    parts: Parts
    evidence: AttributionEvidence

    @property
    def sentence(self) -> str:
        """The one sentence a person reads."""
        change = self.parts.change
        if change.value is None:
            return f"Cause undetermined: {self.evidence.reason}."
        way = "fell" if change.value < 0 else "rose"
        return (
            f"The judged rate {way} from {100 * self.evidence.rate_before:.1f} % to"
            f" {100 * self.evidence.rate_after:.1f} %; cause {self.cause}: {self.evidence.reason}."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts, for JSON."""
        evidence = asdict(self.evidence)
        evidence["segments"] = list(evidence["segments"])
        evidence["others_p"] = dict(evidence["others_p"])
        return {
            "cause": self.cause,
            "sentence": self.sentence,
            "parts": asdict(self.parts),
            "evidence": evidence,
        }


def attribute(
    before: Mapping[str, Cell],
    after: Mapping[str, Cell],
    *,
    anchors: AnchorEvidence | None = None,
    probes: ProbeFlips | None = None,
    other_probes: Mapping[str, ProbeFlips] | None = None,
    level: float = 0.95,
) -> Attribution:
    """Split the change of a judged rate between two windows, and name its cause if one stands out.

    With share s and rate r of each cell in each window (Kitagawa 1955; Oaxaca 1973; Blinder 1973),
    weights symmetric so that nothing is left over::

        mix    = sum (s1 - s0) (r0 + r1) / 2         within = sum (r1 - r0) (s0 + s1) / 2

    A cell seen in one window only keeps that window's rate: its arrival or departure is mix.
    Intervals of these are linearised (Taylor) with variance ``r (1 - r) / n_eff`` in a cell.

    The judge's part is what its changed errors would do to traffic whose true rate stood still::

        judge  = p (S1 - S0) + (1 - p) (F1 - F0)     quality = within - judge

    S and F being the shares of truly worse and truly not worse anchors that it calls worse, p the
    mean of both windows' true rates, ``(rate - F) / (S - F)`` cut to [0, 1] (Rogan and Gladen
    1978). The same anchors are judged twice, so S1 - S0 and F1 - F0 have Tango's score interval for
    paired shares (Statistics in Medicine 1998); sums are combined by Zou and Donner's MOVER (2008).

    The cause, at ``level`` (the change itself must be there at 99 %):

    - "mix" when the mix part makes up at least half of the change;
    - "judge" when the judge's part makes up at least half of the change and of the within part;
    - "quality" when the rest of the within part does;
    - "model" when it is quality, the tier's probes fail more often than before (exact McNemar,
      p <= .01) and no other tier's do (p > .05, and there is at least one). Without anchors too,
      if the within part makes up at least half;
    - otherwise "undetermined". No significant judge change is not "no judge change": with few
      anchors the judge's interval is wide, and then neither it nor quality is blamed.

    Guarantee: in simulation (tests/simulation/test_attribution_bars.py) a pure cause, or none, is
    called another in at most 5 % of runs. Not guaranteed: that anchors are like the traffic, for
    then F and S are not the judge's errors on it; anything when the second window was cut where it
    looked worst (an alarm does that: its change is flattered); mix inside a cell, which counts as
    within; a low rate of undetermined.

    Args:
        before: the cells of the first window by key, such as ``standard/code/.7-.8``.
        after: of the second.
        anchors: judged in both windows, if they were.
        probes: of the tier that changed, if asked.
        other_probes: of other tiers, by name.
        level: of the intervals.

    Raises:
        EvidenceError: a level outside (0, 1). Cells and counts refuse bad sums themselves.

    Example:
        Ten times more traffic in a segment that was bad already:

        >>> def cell(n, bad):
        ...     return Cell(n, n, n, bad)
        >>> found = attribute({"easy": cell(9000, 180), "hard": cell(1000, 200)},
        ...                   {"easy": cell(5000, 100), "hard": cell(5000, 1000)})
        >>> found.cause, round(found.parts.mix.value, 3), round(found.parts.within.value, 3)
        ('mix', 0.072, 0.0)
        >>> print(found.sentence)  # doctest: +ELLIPSIS
        The judged rate rose from 3.8 % to 11.0 %; cause mix: the make-up of the traffic ...
    """
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    others = other_probes or {}
    evidence = partial(
        AttributionEvidence,
        probes=_probe_estimate(probes, level),
        probes_p=None if probes is None else probes.p_value,
        others_p={name: flips.p_value for name, flips in others.items()},
    )
    split = _split(before, after)
    if split is None:
        nothing = Estimate(None, -1.0, 1.0, 0, "no pairs in one of the windows")
        reason = "one of the two windows has no pairs, so there is nothing to compare"
        rates = (_total_rate(before), _total_rate(after))
        return Attribution(
            "undetermined",
            Parts(nothing, nothing, nothing, nothing, nothing),
            evidence(*rates, (), reason=reason),
        )
    z = float(special.ndtri((1 + level) / 2))
    judge = _judge_part(anchors, split.rates, level)
    within = _Interval.normal(*split.contrast(0, 1), z)
    quality = within.plus(judge.negated()) if anchors else _Interval(math.nan, -1.0, 1.0)
    parts = Parts(
        change=_Interval.normal(*split.contrast(1, 1), z).estimate(split.n, "difference of rates"),
        mix=_Interval.normal(*split.contrast(1, 0), z).estimate(split.n, "symmetric Kitagawa"),
        within=within.estimate(split.n, "symmetric Kitagawa"),
        judge=judge.estimate(_anchor_count(anchors), _judge_method(anchors)),
        quality=quality.estimate(split.n, "within less judge" if anchors else "no anchors"),
    )
    claims = _claims(split, judge if anchors else None, z)
    cause, reason = _decide(parts, claims, probes, others)
    return Attribution(cause, parts, evidence(*split.rates, split.segments(), reason=reason))


@dataclass(frozen=True, slots=True)
class _Interval:
    """A difference with its ends; they need not lie at equal distances."""

    value: float
    low: float
    high: float

    @classmethod
    def normal(cls, value: float, error: float, z: float) -> "_Interval":
        return cls(value, value - z * error, value + z * error)

    def negated(self) -> "_Interval":
        return _Interval(-self.value, -self.high, -self.low)

    def times(self, factor: float) -> "_Interval":
        """Scaled by a factor of at least 0."""
        return _Interval(factor * self.value, factor * self.low, factor * self.high)

    def plus(self, other: "_Interval") -> "_Interval":
        """Of a sum of independent values: squares of the distances to the ends add up (MOVER)."""
        value = self.value + other.value
        down = math.hypot(self.value - self.low, other.value - other.low)
        up = math.hypot(self.high - self.value, other.high - other.value)
        return _Interval(value, value - down, value + up)

    def estimate(self, n: int, method: str) -> Estimate:
        value = None if math.isnan(self.value) else self.value
        return Estimate(value, max(-1.0, self.low), min(1.0, self.high), n, method)


@dataclass(frozen=True, slots=True)
class _Split:
    """Shares, rates and their variances by cell; index 0 is before, 1 after."""

    keys: tuple[str, ...]
    n: int
    seen: tuple[Flags, Flags]
    shares: tuple[Floats, Floats]
    cell_rates: tuple[Floats, Floats]
    variances: tuple[Floats, Floats]
    squares: tuple[Floats, Floats]

    @property
    def rates(self) -> tuple[float, float]:
        (s0, s1), (r0, r1) = self.shares, self.cell_rates
        return float(s0 @ r0), float(s1 @ r1)

    def contrast(self, mix: float, within: float) -> tuple[float, float]:
        """``mix * (mix part) + within * (within part)`` and its standard error."""
        (s0, s1), (r0, r1) = self.shares, self.cell_rates
        moved, share = s1 - s0, (s0 + s1) / 2
        rose, rate = r1 - r0, (r0 + r1) / 2
        value = float(mix * (moved @ rate) + within * (share @ rose))
        both = mix * moved
        slopes = (both / 2 - within * share, both / 2 + within * share)
        by_share = (-mix * rate + within * rose / 2, mix * rate + within * rose / 2)
        variance = 0.0
        for t in (0, 1):
            # A cell seen in one window only lends its rate to the other, so both slopes are its.
            slope = np.where(self.seen[1 - t], slopes[t], both)
            variance += float(slope**2 @ self.variances[t])
            spread = by_share[t] - self.shares[t] @ by_share[t]
            variance += float(self.squares[t] @ spread**2)
        return value, math.sqrt(variance)

    def segments(self) -> tuple[SegmentShift, ...]:
        """The cells that contributed most to the change, either way."""
        (s0, s1), (r0, r1) = self.shares, self.cell_rates
        # Moving traffic counts against the mean rate: shares sum to 1, so the parts stay the same.
        mix = (s1 - s0) * ((r0 + r1) / 2 - sum(self.rates) / 2)
        within = (r1 - r0) * (s0 + s1) / 2
        order = np.argsort(-np.abs(mix + within), kind="stable")[:_SEGMENTS_SHOWN]
        return tuple(
            SegmentShift(
                key=self.keys[i],
                share_before=float(s0[i]),
                share_after=float(s1[i]),
                rate_before=float(r0[i]) if self.seen[0][i] else None,
                rate_after=float(r1[i]) if self.seen[1][i] else None,
                mix=float(mix[i]),
                within=float(within[i]),
            )
            for i in order
        )


def _split(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> _Split | None:
    """The two windows side by side; None when one of them has no pairs."""
    empty = Cell(0, 0.0, 0.0, 0.0)
    keys = tuple(sorted(before.keys() | after.keys()))
    windows = [[window.get(key, empty) for key in keys] for window in (before, after)]
    counts = [sum(cell.n for cell in window) for window in windows]
    if not all(counts):
        return None
    seen, shares, rates, variances, squares = [], [], [], [], []
    for window in windows:
        weight = np.array([cell.weight for cell in window])
        square = np.array([cell.squared_weight for cell in window])
        rate = np.array([cell.rate for cell in window])
        effective = np.array([cell.effective for cell in window])
        here = effective > 0
        total = weight.sum()
        n = total**2 / square.sum()
        mean = float(np.nansum(weight * rate)) / total
        # Cells of few pairs often have no loss, and r (1 - r) would call them certain. One pair of
        # the window's rate in each, itself with one loss in two pairs added, keeps their variance.
        near = (mean * n + 1) / (n + 2)
        shrunk = (np.nan_to_num(rate) * effective + near) / (effective + 1)
        variances.append(np.where(here, shrunk * (1 - shrunk) / np.maximum(effective, 1.0), 0.0))
        seen.append(here)
        shares.append(weight / total)
        rates.append(rate)
        squares.append(square / total**2)
    filled = (
        np.where(seen[0], rates[0], np.nan_to_num(rates[1])),
        np.where(seen[1], rates[1], np.nan_to_num(rates[0])),
    )
    return _Split(
        keys,
        sum(counts),
        (seen[0], seen[1]),
        (shares[0], shares[1]),
        filled,
        (variances[0], variances[1]),
        (squares[0], squares[1]),
    )


def _total_rate(window: Mapping[str, Cell]) -> float:
    weight = sum(cell.weight for cell in window.values())
    return sum(cell.weighted_loss for cell in window.values()) / weight if weight else 0.0


def _judge_part(
    anchors: AnchorEvidence | None, rates: tuple[float, float], level: float
) -> _Interval:
    """What the judge's changed errors do to the rate; NaN and everything possible without any."""
    if anchors is None or _anchor_count(anchors) == 0:
        return _Interval(math.nan, -1.0, 1.0)
    worse, clear = anchors.worse, anchors.not_worse
    true = (
        _true_rate(rates[0], worse.worse_before, worse.n, clear.worse_before, clear.n)
        + _true_rate(rates[1], worse.worse_after, worse.n, clear.worse_after, clear.n)
    ) / 2
    on_worse = paired_difference(worse.to_worse, worse.to_not_worse, worse.n, level)
    on_clear = paired_difference(clear.to_worse, clear.to_not_worse, clear.n, level)
    return _Interval(*on_worse).times(true).plus(_Interval(*on_clear).times(1 - true))


def _true_rate(rate: float, caught: int, worse: int, accused: int, clear: int) -> float:
    """Rogan and Gladen's; the judged rate itself where the judge tells nothing."""
    sensitivity = caught / worse if worse else 1.0
    false_alarms = accused / clear if clear else 0.0
    if sensitivity <= false_alarms:
        return rate
    return min(1.0, max(0.0, (rate - false_alarms) / (sensitivity - false_alarms)))


def paired_difference(up: int, down: int, n: int, level: float) -> tuple[float, float, float]:
    """Change ``(up - down) / n`` of a share among n items seen twice, with Tango's score interval.

    Its ends solve ``(up - down - n D) / sqrt(n (2 q + D (1 - D))) = +-z``, q being the most likely
    share of downs when the change is D. Reference: Tango, Statistics in Medicine 1998. Near nominal
    from about 10 items, also without any flip: then it is ``+-z^2 / (n + z^2)``. Not exact.

    Returns:
        value, low, high; (0, -1, 1) for n = 0.

    >>> [round(x, 4) for x in paired_difference(12, 2, 200, 0.95)]
    [0.05, 0.0156, 0.0934]
    """
    if min(up, down) < 0 or up + down > n:
        raise EvidenceError(f"{up} up and {down} down are not flips of {n} items")
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    if n == 0:
        return 0.0, -1.0, 1.0
    z = float(special.ndtri((1 + level) / 2))

    def excess(change: float, sign: int) -> float:
        b = -up - down + (2 * n - up + down) * change
        c = -down * change * (1 - change)
        q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * max(0.0, 2 * q + change * (1 - change))
        return up - down - n * change - sign * z * math.sqrt(variance)

    value = (up - down) / n
    # At the value itself the variance may be 0 (no flips, or only one kind), and that is no root.
    step = 1e-3 * z * z / (n + z * z)
    low = -1.0 if value == -1 else float(optimize.brentq(excess, -1.0, value - step, args=(1,)))
    high = 1.0 if value == 1 else float(optimize.brentq(excess, value + step, 1.0, args=(-1,)))
    return value, low, high


def _probe_estimate(probes: ProbeFlips | None, level: float) -> Estimate:
    if probes is None or probes.n == 0:
        return Estimate(None, -1.0, 1.0, 0, "no probes")
    change = paired_difference(probes.pass_to_fail, probes.fail_to_pass, probes.n, level)
    return Estimate(*change, probes.n, "net share newly failed, paired score interval")


def _anchor_count(anchors: AnchorEvidence | None) -> int:
    return 0 if anchors is None else anchors.worse.n + anchors.not_worse.n


def _judge_method(anchors: AnchorEvidence | None) -> str:
    return "paired flips of anchors" if _anchor_count(anchors) else "no anchors"


@dataclass(frozen=True, slots=True)
class _Claims:
    """What stands at the level, in the direction of the change."""

    mix: bool
    within: bool
    judge: bool
    quality: bool


def _claims(split: _Split, judge: _Interval | None, z: float) -> _Claims:
    """Which part demonstrably makes up at least half of the change.

    Half of the change is (mix + within) / 2, so "mix is at least half" is mix - within >= 0, and
    so on: each claim is one difference whose interval must clear 0.
    """
    total, error = split.contrast(1, 1)
    if abs(total) <= float(special.ndtri((1 + _CHANGE_LEVEL) / 2)) * error:
        return _Claims(mix=False, within=False, judge=False, quality=False)
    sign = math.copysign(1.0, total)

    def stands(mix: float, within: float, judged: _Interval | None = None) -> bool:
        value, error = split.contrast(sign * mix, sign * within)
        difference = _Interval.normal(value, error, z)
        return (difference if judged is None else difference.plus(judged)).low > 0

    claimed = denied = None
    if judge is not None and not math.isnan(judge.value):
        claimed = judge if sign > 0 else judge.negated()
        denied = claimed.negated()
    return _Claims(
        mix=stands(1, -1),
        within=stands(-1, 1),
        judge=claimed is not None and stands(0, -0.5, claimed) and stands(-0.5, -0.5, claimed),
        quality=denied is not None and stands(0, 0.5, denied) and stands(-0.5, 0.5, denied),
    )


def _decide(
    parts: Parts, claims: _Claims, probes: ProbeFlips | None, others: Mapping[str, ProbeFlips]
) -> tuple[Cause, str]:
    failing = probes is not None and probes.p_value <= _PROBES_FAIL
    elsewhere = sorted(name for name, flips in others.items() if flips.p_value <= _OTHERS_FAIL)
    compared = any(flips.n for flips in others.values())
    model = failing and compared and not elsewhere
    change = parts.change.value or 0.0
    if claims.mix:
        return "mix", f"the make-up of the traffic explains {_of(parts.mix, change)}"
    if claims.judge:
        return (
            "judge",
            f"the judge's changed verdicts on anchors explain {_of(parts.judge, change)}",
        )
    if model and probes is not None and (claims.quality or (claims.within and _blind(parts))):
        return "model", (
            f"the tier fails {probes.pass_to_fail} of {probes.n} probes that it passed before and"
            f" newly passes {probes.fail_to_pass}, other tiers do not, and worse answers within"
            f" segments explain {_of(_known(parts), change)}"
        )
    if claims.quality:
        note = ""
        if failing:
            note = (
                f"; the probes of {', '.join(elsewhere)} fail more often too"
                if elsewhere
                else "; its probes fail more often, with no other tier's to compare with"
            )
        kind = "worse" if change > 0 else "better"
        words = f"{kind} answers within segments explain {_of(parts.quality, change)}"
        return "quality", words + note
    return "undetermined", _why_undetermined(parts, claims)


def _why_undetermined(parts: Parts, claims: _Claims) -> str:
    low, high = 100 * parts.change.low, 100 * parts.change.high
    if not (claims.mix or claims.within) and parts.change.low <= 0 <= parts.change.high:
        return (
            "the rate has not demonstrably changed between the two windows (interval"
            f" {low:+.1f} to {high:+.1f} points); it may have been too high already"
        )
    if not claims.within:
        return (
            "neither the make-up of the traffic nor the rate within segments demonstrably explains"
            f" half of the change (mix {_span(parts.mix)}, within {_span(parts.within)} points)"
        )
    if _blind(parts):
        return (
            "the rate changed within segments, and without anchors a changed judge cannot be told"
            " from changed answers"
        )
    return (
        f"the rate changed within segments, but the judge's part, {_span(parts.judge)} points by"
        f" {parts.judge.n} anchors, is too uncertain or too near half to blame it or to clear it;"
        " more anchors would tell"
    )


def _blind(parts: Parts) -> bool:
    return parts.judge.value is None


def _known(parts: Parts) -> Estimate:
    return parts.within if _blind(parts) else parts.quality


def _of(part: Estimate, change: float) -> str:
    return (
        f"{100 * (part.value or 0.0):+.1f} of {100 * change:+.1f} points (interval {_span(part)})"
    )


def _span(part: Estimate) -> str:
    return f"{100 * part.low:+.1f} to {100 * part.high:+.1f}"
