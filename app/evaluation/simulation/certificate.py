"""The certificate: METHODS.md's recipes run against the installed code, with what was measured.

A full run has the sizes of the bars. A quick one has fewer runs; then a bar holds when its measure
keeps to the limit, and is undecided when the measure does not but its error bar reaches it.
"""

from collections.abc import Callable, Iterator

from tierwatch.evaluation.simulation import (
    burst_rows,
    drift_streams,
    judged_rates,
    misroute_streams,
    other_alarms,
    past_streams,
    retunes,
)
from tierwatch.evaluation.simulation.certificate_rows import (
    FULL,
    QUICK,
    Effort,
    Row,
    in_words,
    mean_row,
    share_row,
)


def certificate(
    *, quick: bool, seed: int = 20_261_124, said: Callable[[Row], None] | None = None
) -> tuple[Row, ...]:
    """Run every recipe.

    Args:
        quick: fewer runs, under a minute.
        seed: of everything random.
        said: called with each row as it is measured.

    Raises:
        AssertionError: a simulated twin is not the installed monitor.
    """
    effort = QUICK if quick else FULL
    found = []
    for row in _rows(effort, seed):
        found.append(row)
        if said is not None:
            said(row)
    return tuple(found)


def _rows(effort: Effort, seed: int) -> Iterator[Row]:
    differences = (
        misroute_streams.twin_difference(seed),
        drift_streams.twin_difference(seed, 20),
        past_streams.twin_difference(seed),
    )
    if max(differences) > 1e-9:  # noqa: PLR2004 - rounding
        raise AssertionError(f"the simulated monitors differ from the installed: {differences}")
    yield from _alarm_rows(effort, seed)
    yield from burst_rows.rows(effort, seed)
    yield from _past_rows(effort, seed)
    yield from _estimate_rows(effort, seed)
    yield from _threshold_rows(effort, seed)
    yield from _drift_rows(effort, seed)


def _alarm_rows(effort: Effort, seed: int) -> Iterator[Row]:
    pairs = round(100_000 * effort.length)
    runs = effort.of(2_000)
    others = other_alarms.competitors(seed, runs=effort.of(200), pairs=pairs)
    yield share_row(
        "D1",
        f"no change: 100 segments and all pooled, {pairs:,} pairs",
        "runs with a false alarm",
        misroute_streams.false_alarms(seed, runs=runs, pairs=pairs),
        runs,
        limit=31 / 2_000 * effort.length,
        others=in_words(others, effort.of(200)),
    )
    bars = {0.08: 1_490.0, 0.10: 640.0, 0.15: 213.0, 0.25: 73.0}
    heights = misroute_streams.oracle_heights(seed, tuple(bars), runs=effort.of(1_500, least=100))
    for rate, limit in bars.items():
        runs = effort.of(1_500)
        found = misroute_streams.delay(seed, rate=rate, change=500, height=heights[rate], runs=runs)
        yield mean_row(
            "D2",
            f"the rate jumps from 5 % to {100 * rate:.0f} % at pair 500",
            "mean pairs to the alarm",
            found.delays,
            limit,
            others=f"a CUSUM that knows both rates {found.oracle:.0f}",
        )
    yield mean_row(
        "D3",
        "a segment of 3 % of the traffic doubles its rate",
        "mean of its own pairs to the alarm",
        misroute_streams.segment_delays(seed, runs=effort.of(200, least=100)),
        700.0,
    )
    for size in (3, 8):
        runs = effort.of(500)
        alarmed, naive = misroute_streams.conversation_false_alarms(
            seed, size=size, runs=runs, pairs=pairs
        )
        yield share_row(
            "D4",
            f"no change: conversations of {size} pairs, intra-class correlation .3",
            "runs with a false alarm",
            alarmed,
            runs,
            limit=10 / 500,
            others=f"pairs taken as independent {100 * naive / runs:.0f} %",
        )


def _estimate_rows(effort: Effort, seed: int) -> Iterator[Row]:
    runs = effort.of(2_000, least=100)
    for pairs, gold, widest in judged_rates.CELLS:
        found = judged_rates.coverage(seed, pairs=pairs, gold=gold, runs=runs)
        recipe = f"{pairs:,} judged pairs and {gold} labels in 4 strata"
        yield share_row(
            "C1",
            recipe,
            "intervals that cover",
            found.hits,
            runs,
            limit=0.94,
            at_least=True,
            others=f"the judge's rate alone {100 * found.judge_hits / runs:.0f} %",
        )
        yield mean_row("C1", recipe, "mean width", found.widths, widest)
    runs = effort.of(1_500, least=100)
    ever, once = judged_rates.ever_misses(seed, runs=runs)
    yield share_row(
        "C2",
        "a rate of 5 %, checked after each of 3,000 pairs",
        "runs that ever miss it",
        ever,
        runs,
        limit=0.05,
        others=f"Wilson's interval {100 * once / runs:.0f} %",
    )


def _past_rows(effort: Effort, seed: int) -> Iterator[Row]:
    runs, pairs = effort.of(2_000), round(100_000 * effort.length)
    yield share_row(
        "W1",
        f"no change: rates of .05 to .95, each with its own past only, {pairs:,} pairs",
        "runs with a false alarm",
        past_streams.false_alarms(seed, runs=runs, pairs=pairs),
        runs,
        # At most pairs / 2e7 by proof; 10 of 2,000, and 20 are three deviations more.
        limit=20 / 2_000 * effort.length,
    )
    for before, after, past, limit in past_streams.DELAYS:
        yield mean_row(
            "W2",
            f"{100 * before:g} % become {100 * after:g} % after {past:,} pairs, no tolerance known",
            "mean pairs to the alarm",
            past_streams.delays(
                seed, before=before, after=after, past=past, runs=effort.of(300, least=100)
            ),
            limit,
        )
    runs = effort.of(100, least=50)
    yield share_row(
        "W3",
        "no jump: a daily wave of 18 to 22 % with 500 pairs a day, 50,000 pairs",
        "runs with an alarm",
        past_streams.drifting_alarms(seed, wave=0.02, trend=0.0, runs=runs, pairs=50_000),
        runs,
        limit=0.05,
        others="a wave of 15 to 25 %: 5 %, of 10 to 30 %: 72 %; a slow rise to 30 %: 95 %",
    )


def _threshold_rows(effort: Effort, seed: int) -> Iterator[Row]:
    runs = effort.of(1_500, least=100)
    for weighted in (False, True):
        for n in (200, 500, 2_000):
            kind = "weighted" if weighted else "uniform"
            found = retunes.certificates(seed, n=n, weighted=weighted, runs=runs)
            yield share_row(
                "T1",
                f"one retune from {n:,} {kind} pairs, alpha = delta = .05",
                "wrong certificates",
                found.wrong,
                runs,
                limit=95 / 1_500,
                others=f"the smallest point estimate {100 * found.naive_wrong / runs:.0f} %",
            )
            if n == 2_000:  # noqa: PLR2004 - the size T2 is about
                yield mean_row(
                    "T2",
                    f"the same: traffic kept ({kind})",
                    "of what an oracle would keep",
                    found.kept,
                    0.84 if weighted else 0.87,
                    at_least=True,
                )
    runs = effort.of(200)
    year = retunes.year_of_retunes(seed, runs=runs)
    yield share_row(
        "T4",
        "52 weekly retunes of 500 pairs",
        "years ever above alpha",
        year.ever_over,
        runs,
        limit=18 / 200,
    )
    yield mean_row("T4", "the same", "of what an oracle would keep", year.kept, 0.70, at_least=True)
    runs = effort.of(400)
    for n in (2_000, 10_000):
        wrong, certified = retunes.judged_certificates(seed, n=n, runs=runs)
        yield share_row(
            "T5",
            f"{n:,} pairs, judge of sensitivity .70 and specificity .997, 100 + 100 gold pairs",
            "wrong certificates",
            wrong,
            runs,
            limit=0.05,
            others=f"certifies in {100 * certified / runs:.0f} % of runs",
        )


def _drift_rows(effort: Effort, seed: int) -> Iterator[Row]:
    runs, requests = effort.of(300), round(100_000 * effort.length)
    highest = drift_streams.highest_statistics(seed, bins=20, runs=runs, requests=requests)
    yield share_row(
        "I1",
        f"no change: {requests:,} requests",
        "runs with a false alarm",
        int((highest >= drift_streams.LEVEL).sum()),
        runs,
        limit=8 / 300 * effort.length,
    )
    yield mean_row(
        "I1",
        "confidences from Beta(2.5, 1.5) to Beta(1.8, 1.8) at request 2,000",
        "mean requests to the alarm",
        drift_streams.delays(seed, change=2_000, bins=20, runs=effort.of(300)),
        400.0,
    )
