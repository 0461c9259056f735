"""What a first start spends on questions with known answers: said, and asked about, before."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import click

from tierwatch import evalsets
from tierwatch.command.plan.judges import STRONG_SHARE
from tierwatch.command.terminal import say
from tierwatch.config import JudgeConfig
from tierwatch.config.judge import FirstJudgeConfig
from tierwatch.evalsets import Anchor, Evalset, Probe
from tierwatch.judges.prompting.estimate import expected_usd
from tierwatch.judges.shown.token_estimate import estimated_tokens
from tierwatch.loop.watch.checks.anchors import has_first_run
from tierwatch.loop.watch.checks.probes import FIRST_TIMES, has_first_probes
from tierwatch.routing.tiers import Tier
from tierwatch.runtime.build import Runtime, build_runtime
from tierwatch.settings import Settings, variable

Consent = Literal["ask", "yes", "hold"]

# Probes ask for a number, a word, a sentence or a small JSON object; a model says a little around.
_REPLY_TOKENS = 60
_HOLD = (
    f"{variable('anchors_every_s')}=off and {variable('probes_every_s')}=off (or `tierwatch up"
    " --hold`) hold them"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked a whole set at the start, and what that takes.

    Attributes:
        who: the judge's or the tier's name with its model.
        what: which questions.
        calls: to the model's provider, at most.
        usd: about, by the price table; None where no price is known.
    """

    who: str
    what: str
    calls: int
    usd: float | None


def settled_checks(
    settings: Settings,
    consent: Consent,
    *,
    environ: Mapping[str, str],
    terminal: bool | None = None,
) -> Settings:
    """Say what the first anchors and probes cost, and hold them where the person says no.

    Nothing is said once each has been asked whole: what comes later is a few an hour.

    Args:
        settings: of the stack, with a database that is up to date.
        consent: ``yes`` asks nobody, ``hold`` asks no model until the next start.
        environ: where secrets are found.
        terminal: whether a person can answer; by default, whether both ends are a terminal.

    Returns:
        The settings to start with.

    Raises:
        ConfigError, JudgeError, SettingsError: as `build_runtime`.
        click.Abort: Ctrl-C instead of an answer.
    """
    at = build_runtime(settings, environ=environ)
    try:
        found = first_checks(at)
    finally:
        at.engine.dispose()
        at.client.close()
    if not found:
        return settings
    if consent != "hold":
        for line in check_lines(found, at.config.evaluation.budget_usd_per_day):
            say(line)
        if terminal is None:
            terminal = sys.stdin.isatty() and sys.stdout.isatty()
        if consent == "yes" or not terminal:
            say(f"asking them now; {_HOLD}")
            return settings
        if click.confirm("ask them now?", default=True):
            return settings
    say(
        "not asked until the next start: the judge's accuracy stays unknown, and no alert can say"
        " that a model has changed"
    )
    return replace(settings, anchors_every_s=0.0, probes_every_s=0.0)


def first_checks(at: Runtime) -> list[Asked]:
    """What was never asked whole, and so is asked at once when workers start.

    Raises:
        SQLAlchemyError: the database cannot be used.
    """
    settings, judge = at.settings, at.config.evaluation.judge
    found: list[Asked] = []
    if settings.anchors_every_s and judge is not None and at.asks_a_model:
        anchors = evalsets.anchors().part(settings.evalset_share)
        if not has_first_run(at.engine, at.judge, anchors):
            found.append(_judge(judge, anchors))
        if (
            judge.first is not None
            and at.together is not None
            and not has_first_run(at.engine, at.together, anchors)
        ):
            found.append(_together(judge, judge.first, anchors))
    if settings.probes_every_s:
        probes = evalsets.probes().part(settings.evalset_share)
        found += [
            _tier(tier, probes, priced=f"routing.tiers.{tier.name}" not in at.config.unpriced)
            for tier in at.served_tiers().values()
            if not has_first_probes(at.engine, tier, probes)
        ]
    return found


def check_lines(found: Sequence[Asked], budget_usd_per_day: float | None) -> list[str]:
    """What is asked, of whom and for how much, as a person reads it."""
    known = [one.usd for one in found if one.usd is not None]
    total = f"about ${sum(known):,.2f}"
    if len(known) < len(found):
        total = f"{total} and what has no known price" if known else "at a price that is not known"
    budget = "no daily limit is set (evaluation.budget_usd_per_day)"
    if budget_usd_per_day is not None:
        budget = f"evaluation.budget_usd_per_day is ${budget_usd_per_day:,.2f}"
    lines = [
        f"  {one.who}: {one.what}, up to {one.calls:,} calls,"
        f" {'at a price that is not known' if one.usd is None else f'about ${one.usd:,.2f}'}"
        for one in found
    ]
    asked = (
        "Questions with known answers show whether the judge may be believed, and later whether a"
        " model has changed. Never asked whole yet:"
    )
    calls = f"  total up to {sum(one.calls for one in found):,} calls, {total}"
    return [asked, *lines, f"{calls}; afterwards each set once a day, a few an hour; {budget}"]


def _judge(judge: JudgeConfig, anchors: Evalset[Anchor]) -> Asked:
    return Asked(
        who=f"judge {judge.model}",
        what=f"{len(anchors.items)} anchors",
        calls=_calls(judge) * len(anchors.items),
        usd=_usd(judge, anchors),
    )


def _together(judge: JudgeConfig, first: FirstJudgeConfig, anchors: Evalset[Anchor]) -> Asked:
    cheap, strong = _usd(first, anchors), _usd(judge, anchors)
    known = cheap is not None and strong is not None
    return Asked(
        who=f"first judge {first.model}",
        what=f"{len(anchors.items)} anchors, and {judge.model} where it cannot say",
        calls=(_calls(first) + _calls(judge)) * len(anchors.items),
        usd=(cheap or 0.0) + STRONG_SHARE * (strong or 0.0) if known else None,
    )


def _calls(judge: JudgeConfig | FirstJudgeConfig) -> int:
    """Calls of one comparison: an order each, and the notes."""
    orders = 1 if isinstance(judge, JudgeConfig) and judge.orders == "one" else 2
    return orders + (judge.prompt == "reference")


def _usd(judge: JudgeConfig | FirstJudgeConfig, anchors: Evalset[Anchor]) -> float | None:
    price = judge.price
    if price is None:
        return None
    return sum(
        expected_usd(price, judge.prompt, one.prompt, (one.a, one.b)) for one in anchors.items
    )


def _tier(tier: Tier, probes: Evalset[Probe], *, priced: bool) -> Asked:
    price = tier.served_at()[0].price
    each = (price.cost_usd(estimated_tokens(one.prompt), _REPLY_TOKENS) for one in probes.items)
    return Asked(
        who=f"{tier.name} {tier.model}",
        what=f"{len(probes.items)} probes",
        calls=FIRST_TIMES * len(probes.items),
        usd=FIRST_TIMES * sum(each) if priced else None,
    )
