"""`tierwatch plan`: how much to sample to hear of a rise in time, and what that costs."""

import datetime as dt
from typing import TYPE_CHECKING

import click

from tierwatch.command.database import opened_database, settings_here
from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import Settings

if TYPE_CHECKING:
    from tierwatch.command.plan.needs import Need

# Traffic and money are those of the last week: every day of it counts once.
_MEASURED = dt.timedelta(days=7)
# A smaller rise takes tens of thousands of pairs: nobody waits for those.
LEAST_RISE = 1.2
_HEAD = (
    f"{'segment':<26}{'pairs/day':>10}{'USD/day':>10}{'days':>8} |{'sample':>8}{'pairs/day':>11}"
    f"{'USD/day':>10} |{'days':>8}{'USD':>9}"
)


class _Rise(click.ParamType[tuple[float, float]]):
    name = "BEFORE:AFTER"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Two percentages, the second above the first."""
        if isinstance(value, tuple):
            return value
        try:
            before, after = (float(part) / 100 for part in str(value).split(":"))
        except ValueError:
            before, after = 0.0, 0.0
        if not 0 < before <= after / LEAST_RISE < 1 or after >= 1:
            self.fail(
                f"found {value}; accepted two percentages, the second above the first by a fifth"
                " or more, as 5:10",
                param,
                ctx,
            )
        return before, after


@click.command("plan")
@click.option("--rise", type=_Rise(), default="5:10", help="Percentages: 5:10 is from 5 % to 10 %.")
@click.option(
    "--days",
    type=click.FloatRange(0, 365, min_open=True),
    default=7.0,
    help="Days in which the alert is to open, on average.",
)
@ends_in_a_sentence
def command(*, rise: tuple[float, float], days: float) -> None:
    """Say how much to sample to hear of a rise in time, and what that costs."""
    run_plan(settings_here(), rise=rise, days=days, now=dt.datetime.now(dt.UTC))


def run_plan(
    settings: Settings, *, rise: tuple[float, float], days: float, now: dt.datetime
) -> None:
    """Say what the rise takes at present, and what it would take to find it in these days.

    The rate before is taken for the tolerated one, which is where an alarm is slowest.

    Raises:
        ConfigError: the configuration is not accepted.
        DatabaseError: Postgres cannot be used.
    """
    from tierwatch.command.plan.needs import needs
    from tierwatch.config import load_config
    from tierwatch.evaluation.simulation.bursts import delays
    from tierwatch.loop.compare.first_judge import configured_first_judge
    from tierwatch.runtime.sampling import sampling_plan
    from tierwatch.store.judgements.bursts import first_arrival, segment_loads

    before, after = rise
    config = load_config(settings.config)
    since = now - _MEASURED
    with opened_database(settings.database_url) as engine, engine.connect() as connection:
        order = [tier.name for tier in config.tiers]
        loads = [one for one in segment_loads(connection, since) if one.tier in order]
        first = first_arrival(connection, since)
        cheap_first = configured_first_judge(connection, config.evaluation.judge)
    if first is None or not loads:
        say("Nothing was sampled and judged in the last 7 days: there is no traffic to plan for.")
        return
    density = sampling_plan(config).possible_density(config.evaluation.burst)
    # One pair of the plan a quarter of an hour: what is found is a number of pairs.
    found = delays(
        1, rate=after, per_day=96.0, runs=400, density=density, before=before, tolerance=before
    )
    pairs = float(found.days.mean()) * 96
    say(
        f"From {100 * before:g} % to {100 * after:g} %, {100 * before:g} % tolerated: an alert"
        f" takes {found.pairs.mean():,.0f} judged pairs, in the time in which the plan alone"
        f" samples {pairs:,.0f}."
    )
    per = max((now - max(first, since)) / dt.timedelta(days=1), 1 / 24)
    say(f"{'':<26}{'at present':>28} |{f'for {days:g} days':>29} |{'+-1 point':>17}")
    say(_HEAD)
    for need in needs(
        sorted(loads, key=lambda load: order.index(load.tier)),
        per=per,
        rate=config.evaluation.sample_rate,
        pairs=pairs,
        days=days,
        before=before,
    ):
        say(_line(need))
    judge = config.evaluation.judge
    say(
        f"Judge: {'none' if judge is None else judge.model or judge.kind}."
        f" Money is shadow answers and verdicts of the last {per:.1f} days; a pair probed down and"
        " what anchors and probes cost come on top."
    )
    if cheap_first is not None:
        say(cheap_first.sentence)


def _line(need: "Need") -> str:
    rate = f"{100 * need.sample_rate:.1f} %" if need.sample_rate <= 1 else "> 100 %"
    return (
        f"{need.segment:<26}{need.pairs_per_day:>10,.1f}{need.usd_per_day:>10,.4f}"
        f"{need.days:>8,.1f} |{rate:>8}{need.needed_pairs_per_day:>11,.1f}"
        f"{need.needed_usd_per_day:>10,.4f} |{need.days_to_width:>8,.1f}{need.usd_to_width:>9,.2f}"
    )
