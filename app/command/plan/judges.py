"""`tierwatch judges`: which prompt, and which judges, are worth their price on the anchors."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from tierwatch.command.database import opened_database, settings_here
from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.evaluation.rates.percent import percent
from tierwatch.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from tierwatch.config import JudgeConfig
    from tierwatch.config.judge import FirstJudgeConfig
    from tierwatch.evalsets import Anchor
    from tierwatch.judges import Judge
    from tierwatch.runtime.build import Runtime
    from tierwatch.store.judgements.evalset_answers import AnchorVerdict

# How often a cheap judge that is worth it asks the strong one, on LLMBar's pairs.
STRONG_SHARE = 0.25
_HEAD = f"{'judge':<64}{'anchors':>8}{'right':>9}{'agrees':>9}{'right there':>13}{'USD each':>11}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A judge to measure; ``usd`` is what asking it all anchors will cost, None without a price."""

    judge: "Judge"
    usd: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the newest run over the anchors shows of a judge.

    Attributes:
        anchors: that it was asked.
        right: share on which its verdict was the known one; unscored is not right.
        agrees: share whose two orders say the same, of those read in both.
        right_there: share that is right, of those.
        usd: mean cost of a verdict.
    """

    anchors: int
    right: float
    agrees: float
    right_there: float
    usd: float


@click.command("judges")
@click.option("--ask", is_flag=True, help="Put the anchors to each now; this costs money.")
@ends_in_a_sentence
def command(*, ask: bool) -> None:
    """Compare prompts and judges on the anchors: accuracy, consistency and price."""
    run_judges(settings_here(), ask=ask)


def run_judges(settings: Settings, *, ask: bool) -> None:
    """Say what is known of each judge; with ``ask``, put all anchors to each first.

    The configured judge is compared with either prompt, and with the cheaper judge before it where
    one is configured. Nothing is chosen: a person writes ``evaluation.judge``. What is asked is
    what decides whether the cheaper judge stands first.

    Raises:
        ConfigError: the configuration is not accepted.
        JudgeError: there is no judge, or it serves a tier.
        DatabaseError: Postgres cannot be used.
    """
    from tierwatch.evalsets import anchors
    from tierwatch.loop.compare.first_judge import configured_first_judge, weigh
    from tierwatch.loop.watch.checks.anchors import judge_anchors
    from tierwatch.runtime.build import build_runtime

    at = build_runtime(settings, environ=None)
    at.engine.dispose()
    judge = at.config.evaluation.judge
    if judge is None or judge.kind != "pairwise":
        say("Only a judge of kind pairwise is asked anchors; this one has nothing to compare.")
        return
    asked = anchors().part(settings.evalset_share)
    with opened_database(settings.database_url) as engine:
        at = replace(at, engine=engine)
        candidates = list(_candidates(at, judge, asked.items))
        for one in candidates if ask else ():
            say(f"Asking {one.judge.version} {len(asked.items)} anchors, {_price(one.usd)}.")
            judge_anchors(engine=engine, judge=one.judge, anchors=asked, why="tierwatch judges")
        with engine.begin() as connection:
            if ask and at.together is not None:
                weigh(connection, alone=at.judge.version, together=at.together.version)
            _table(connection, candidates)
            first = configured_first_judge(connection, judge)
    at.client.close()
    if first is not None:
        say(first.sentence)


def _candidates(
    at: "Runtime", judge: "JudgeConfig", items: "Sequence[Anchor]"
) -> "Iterator[Candidate]":
    from tierwatch.judges import build_judge
    from tierwatch.judges.prompting.estimate import expected_usd

    def expected(asked: "JudgeConfig | FirstJudgeConfig") -> float | None:
        if asked.price is None:
            return None
        price = asked.price
        return sum(expected_usd(price, asked.prompt, one.prompt, (one.a, one.b)) for one in items)

    for prompt in ("plain", "reference"):
        other = judge.model_copy(update={"prompt": prompt})
        built = build_judge(other, client=at.client, arms=(), environ={})
        yield Candidate(built, expected(other))
    if at.together is not None and judge.first is not None:
        cheap, strong = expected(judge.first), expected(judge)
        usd = None
        if cheap is not None and strong is not None:
            usd = cheap + STRONG_SHARE * strong
        yield Candidate(at.together, usd)


def _price(usd: float | None) -> str:
    return "at a price that is not known" if usd is None else f"for about ${usd:.2f}"


def _table(connection: "Connection", candidates: "Sequence[Candidate]") -> None:
    from tierwatch.store.judgements.evalset_answers import newest_anchor_verdicts

    say(_HEAD)
    unasked = False
    for one in candidates:
        found = measured(newest_anchor_verdicts(connection, one.judge.version))
        if found is None:
            unasked = True
            say(f"{one.judge.version:<64}   not asked yet; {_price(one.usd)}")
            continue
        say(
            f"{one.judge.version:<64}{found.anchors:>8,}{percent(found.right):>9}"
            f"{percent(found.agrees):>9}{percent(found.right_there):>13}{found.usd:>11.5f}"
        )
    say(
        "Right is the known verdict in both orders; anchors are harder than most traffic."
        " evaluation.judge.prompt and evaluation.judge.first choose, and each change begins new"
        " streams." + (" tierwatch judges --ask puts the anchors to each." if unasked else "")
    )


def measured(said: "Sequence[AnchorVerdict]") -> Measured | None:
    """What a run shows; None of none."""
    if not said:
        return None
    right = [one.verdict == one.truth for one in said]
    read = [one for one in said if one.orders_agree is not None]
    agreed = [one for one in read if one.orders_agree]
    return Measured(
        anchors=len(said),
        right=sum(right) / len(said),
        agrees=len(agreed) / max(len(read), 1),
        right_there=sum(one.verdict == one.truth for one in agreed) / max(len(agreed), 1),
        usd=sum(one.cost_usd for one in said) / len(said),
    )
