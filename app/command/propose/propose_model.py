"""`tierwatch propose-model`: try a model in a tier's place, and propose it where it is as good."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from getpass import getuser
from typing import TYPE_CHECKING, Any

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tierwatch.loop.improve.replace.start import Wanted
    from tierwatch.routing.tiers import Price
    from tierwatch.settings import Settings
    from tierwatch.store.trials.model_trials import ModelTrial

_POLL_S = 1.0
# No worker has taken a trial up for so long: there may be none.
_PATIENCE_S = 60.0
# Not as good, or not shown to be: an answer, and no success for a script that goes on.
_NOT_CERTIFIED = 1


@click.command("propose-model")
@click.option("--tier", help="The tier whose model is to be replaced.")
@click.option("--model", help="The candidate, as its provider knows it. Default: the one there is.")
@click.option("--provider", help="Name under `providers`. Default: as for a tier in the file.")
@click.option("--price", metavar="IN/OUT", help="USD per million tokens. Default: list price.")
@click.option("--effort", help="How much it is to think: none, minimal, low, ... max.")
@click.option("--sample", type=int, help="Pairs at most.  [default: 1000]")
@click.option("--budget", type=float, help="USD that asking and judging may cost.  [default: 10]")
@click.option("--worse-by", type=float, help="Net rate of worse answers accepted.  [default: 0.05]")
@click.option("--delta", type=float, help="Chance that it is wrong.  [default: 0.05]")
@click.option("--detach", is_flag=True, help="Begin, and do not wait for the end.")
@click.option("--cancel", type=int, metavar="TRIAL", help="End a trial that runs.")
@click.option("--show", type=int, metavar="TRIAL", help="Say how a trial is, and go.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@ends_in_a_sentence
def command(**asked: Any) -> None:
    """Try a model in a tier's place on the same requests; propose it where it is shown as good.

    Workers ask the candidate what the tier has answered and have both compared, blind.

    tierwatch propose-model --tier standard --model gpt-6.1-mini --price 0.4/1.6
    """
    sys.exit(run_propose_model(asked))


def run_propose_model(
    asked: dict[str, Any], *, wait: Callable[[float], object] = time.sleep
) -> int:
    """Begin, show or cancel a trial; gives the exit code.

    Raises:
        UsageError: something that was asked for cannot be; says what can.
        ConflictError: the tier has a trial that runs, or there is no such trial.
    """
    from tierwatch.command.database import opened_database, settings_here

    settings = settings_here()
    with opened_database(settings.database_url) as engine:
        if asked["cancel"] is not None:
            return _cancel(engine, asked["cancel"])
        if asked["show"] is not None:
            return _end(engine, asked["show"], as_json=asked["as_json"])
        trial_id = _start(engine, settings, asked)
        if not asked["as_json"]:
            say(f"trial {trial_id} has begun; workers go on with it, whether this waits or not")
        if asked["detach"]:
            return _end(engine, trial_id, as_json=True) if asked["as_json"] else 0
        try:
            for line in progress_lines(engine, trial_id, wait):
                if not asked["as_json"]:
                    say(line)
        except KeyboardInterrupt:
            say(f"trial {trial_id} goes on; see it with: tierwatch propose-model --show {trial_id}")
            return 0
        return _end(engine, trial_id, as_json=asked["as_json"])


def progress_lines(
    engine: "Engine", trial_id: int, wait: Callable[[float], object]
) -> Iterator[str]:
    """A line whenever a trial has moved, until it has ended."""
    from tierwatch.store.trials.model_trials import load_trial
    from tierwatch.store.trials.trial_pairs import trial_progress

    before, waited_s = "", 0.0
    while True:
        with engine.connect() as connection:
            trial = load_trial(connection, trial_id)
            done = trial_progress(connection, trial_id)
        if trial is None or not trial.running:
            return
        line = f"{done.ended:,} of up to {trial.sample:,} pairs, {done.spent_usd:.4f} USD"
        if trial.why:
            line += f"; {trial.why}"
        elif done.drawn == 0 and waited_s >= _PATIENCE_S:
            line += "; nothing is drawn: is a worker running, and is traffic of the tier sampled?"
        elif 0 < done.drawn == done.ended < trial.sample:
            line += "; waits for more sampled traffic of the tier"
        if line != before:
            yield line
        before = line
        wait(_POLL_S)
        waited_s += _POLL_S


def _start(engine: "Engine", settings: "Settings", asked: dict[str, Any]) -> int:
    from tierwatch.config import load_config
    from tierwatch.loop.improve.replace.start import start_trial
    from tierwatch.runtime.sampling import sampling_plan

    config = load_config(settings.config)
    wanted = wanted_of(asked)
    with engine.begin() as connection:
        return start_trial(
            connection,
            wanted,
            config=config,
            plan=sampling_plan(config),
            actor=getuser(),
        )


def wanted_of(asked: dict[str, Any]) -> "Wanted":
    """What was asked for, as a value.

    Raises:
        UsageError: no tier, or a price that is none.
    """
    from tierwatch.loop.improve.replace.start import Wanted

    if not asked["tier"]:
        raise UsageError("--tier: found nothing; accepted: the name of a tier")
    given = {
        "sample": asked["sample"],
        "budget_usd": asked["budget"],
        "worse_by": asked["worse_by"],
        "delta": asked["delta"],
    }
    return Wanted(
        tier=asked["tier"],
        model=asked["model"],
        provider=asked["provider"],
        price=None if asked["price"] is None else price_of_text(asked["price"]),
        effort=asked["effort"],
        **{name: value for name, value in given.items() if value is not None},
    )


def price_of_text(text: str) -> "Price":
    """A price as it is typed: ``3/15``, ``3/15/0.3`` with what cached input costs, or one number.

    Raises:
        UsageError: anything else.

    >>> price_of_text("0.4/1.6").output_usd_per_mtok
    1.6
    """
    from tierwatch.errors import ConfigError
    from tierwatch.routing.tiers import Price

    try:
        numbers = [float(part) for part in text.split("/")]
        if len(numbers) == 1:
            numbers *= 2
        return Price(*numbers)
    except (ValueError, TypeError, ConfigError) as problem:
        raise UsageError(
            f"--price: found {text!r}; accepted: USD per million tokens, as 3/15 for 3 read and 15"
            " written, or 3/15/0.3 with what is read from the provider's cache"
        ) from problem


def _cancel(engine: "Engine", trial_id: int) -> int:
    from tierwatch.loop.improve.replace.start import cancel_trial

    with engine.begin() as connection:
        cancel_trial(connection, trial_id, actor=getuser())
    say(f"trial {trial_id} is cancelled")
    return 0


def _end(engine: "Engine", trial_id: int, *, as_json: bool) -> int:
    from tierwatch.store.trials.model_trials import load_trial
    from tierwatch.store.trials.trial_pairs import trial_progress

    with engine.connect() as connection:
        trial = load_trial(connection, trial_id)
        done = trial_progress(connection, trial_id)
    if trial is None:
        raise ConflictError(f"there is no trial {trial_id}")
    if as_json:
        say(json.dumps(_document(trial, done.ended, done.spent_usd), indent=2))
    else:
        say(f"trial {trial_id}: {trial.state}{f', {trial.why}' if trial.why else ''}")
        if trial.proposal_id is not None:
            say(f"proposal {trial.proposal_id} waits for a decision")
    return 0 if trial.state in {"running", "certified"} else _NOT_CERTIFIED


def _document(trial: "ModelTrial", ended: int, spent_usd: float) -> dict[str, object]:
    return {
        "trial": trial.id,
        "tier": trial.tier,
        "served": trial.served,
        "candidate": trial.candidate.to_json(),
        "state": trial.state,
        "why": trial.why,
        "pairs": ended,
        "spent_usd": spent_usd,
        "proposal": trial.proposal_id,
    }
