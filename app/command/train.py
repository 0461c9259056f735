"""`tierwatch train`: fit with a teacher, show before and after, propose or write the result."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress as Bar
from rich.progress import TaskID

from tierwatch.command.show import say
from tierwatch.config import Config, load_config
from tierwatch.errors import TrafficError, UsageError
from tierwatch.evaluation.models.comparison import HeldOut, compare_models
from tierwatch.evaluation.sampling.outcome import LOWER_VERDICTS
from tierwatch.loop.improve.refit import trial_document
from tierwatch.loop.improve.train import Training, train
from tierwatch.providers.traffic_file import BadLine, read_traffic
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.runtime import refit_rules
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine
from tierwatch.store.evidence.outcomes import newest_judge_version
from tierwatch.training.distil import Fitted, Lessons, fit_best, fit_student

_DELTA = 0.025
_HELD_OUT = 4
_PLAIN_EVERY = 10  # plain lines: one for each tenth
Said = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was given.

    Attributes:
        teacher: ``static``, ``words`` or ``none``.
        limit: pairs of a boundary at most, the newest.
        as_json: print JSON.
        file: recorded traffic to train from, instead of the store.
        out: folder for the artefacts of ``file``.
    """

    teacher: str
    limit: int
    as_json: bool = False
    file: Path | None = None
    out: Path | None = None


def run_train(settings: Settings, asked: Asked) -> int:
    """Train each boundary; gives the exit code.

    Raises:
        UsageError: one of ``file`` and ``out`` without the other, another kind of classifier, or
            the extra is missing.
        TrafficError: no usable line in the file.
    """
    if (asked.file is None) != (asked.out is None):
        raise UsageError("--from FILE and --out DIR go together: artefacts of a file are files")
    with _progress(quiet=asked.as_json) as said:
        if asked.file is not None and asked.out is not None:
            found = _train_file(asked.file, asked.out, asked, said)
        else:
            found = _train_store(settings, load_config(settings.config), asked, said)
    if asked.as_json:
        say(json.dumps(found, indent=2))
    else:
        for line in found["boundaries"]:
            _show(line)
    return 0


def _train_store(settings: Settings, config: Config, asked: Asked, said: Said) -> dict[str, Any]:
    engine = build_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            judge = newest_judge_version(connection)
        trained = train(
            engine=engine,
            rules=refit_rules(config, judge_version=judge or ""),
            base_rate=config.evaluation.sample_rate or 1.0,
            teacher=asked.teacher,
            limit=asked.limit,
            said=said,
        )
    finally:
        engine.dispose()
    return {"boundaries": [_stored(one) for one in trained]}


def _stored(training: Training) -> dict[str, Any]:
    return {
        "boundary": training.boundary,
        "pairs": training.pairs,
        "learned": training.learned,
        "teacher": training.teacher,
        "proposal": training.proposal_id,
        "why": training.why,
    } | ({} if training.trial is None else trial_document(training.trial))


def _train_file(path: Path, out: Path, asked: Asked, said: Said) -> dict[str, Any]:
    """Train from recorded traffic: compare with an untrained classifier, write what was fitted."""
    boundaries = _recorded_lessons(path)
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for boundary, every in boundaries.items():
        lessons = every.after(max(0, len(every.texts) - asked.limit))
        cut = len(lessons.texts) - len(lessons.texts) // _HELD_OUT
        learned, held_out = lessons.first(cut), lessons.after(cut)
        unseen = set(held_out.texts)

        def told(done: int, of: int, of_boundary: str = boundary) -> None:
            said(of_boundary, done, of)

        prompts = [text for text in dict.fromkeys(every.texts) if text not in unseen]
        fitted = fit_best(learned, held_out, prompts, teacher=asked.teacher, said=told)
        line = _compared(boundary, lessons, held_out, fitted)
        # What was compared learned three quarters; what is written learned all of it.
        whole = fit_student(lessons, list(dict.fromkeys(every.texts)), teacher=fitted.teacher)
        target = out / f"{boundary}.model"
        whole.save(target)
        found.append(line | {"file": str(target)})
    return {"boundaries": found}


def _compared(boundary: str, lessons: Lessons, held_out: Lessons, fitted: Fitted) -> dict[str, Any]:
    chances = [
        np.array([model.predict(text) for text in held_out.texts]).reshape(-1, 2)
        for model in (LocalClassifier(), fitted.classifier)
    ]
    found = compare_models(
        HeldOut(held_out.verdicts, held_out.weights, held_out.sessions), *chances, delta=_DELTA
    )
    loss, area = found.log_loss or (None, None), found.apgr or (None, None)
    return {
        "boundary": boundary,
        "pairs": len(lessons.texts),
        "learned": fitted.classifier.pairs,
        "teacher": fitted.teacher,
        "held_out": {"pairs": found.pairs, "conversations": found.conversations},
        "log_loss": {
            "incumbent": loss[0],
            "candidate": loss[1],
            "gain": _estimate(found.log_loss_gain),
        },
        "apgr": {"incumbent": area[0], "candidate": area[1], "gain": _estimate(found.apgr_gain)},
    }


def _estimate(estimate: Any) -> dict[str, Any]:
    return {name: getattr(estimate, name) for name in ("value", "low", "high", "n", "method")}


def _recorded_lessons(path: Path) -> Mapping[str, Lessons]:
    """Lower tier -> its pairs in a file of recorded traffic, in order.

    Raises:
        TrafficError: there is none.
    """
    found: dict[str, Lessons] = {}
    for line in read_traffic(path):
        if isinstance(line, BadLine):
            continue
        text = routed_text(line.messages)
        for boundary, verdict in line.verdicts.items():
            lower, _, _ = boundary.partition("<")
            if verdict not in LOWER_VERDICTS:
                continue
            lessons = found.setdefault(lower, Lessons([], [], [], []))
            for column, value in zip(
                (lessons.texts, lessons.verdicts, lessons.weights, lessons.sessions),
                (text, verdict, 1.0, line.session),
                strict=True,
            ):
                column.append(value)  # type: ignore[attr-defined]  # lists, made above
    if not found:
        raise TrafficError(f"{path}: found no pair with a verdict; nothing to learn from")
    return found


def _show(line: Mapping[str, Any]) -> None:
    say(f"{line['boundary']}: {line['pairs']:,} pairs")
    if "log_loss" not in line:
        say(f"  not trained: {line['why']}")
        return
    say(f"  learned {line['learned']:,} of them; teacher: {line['teacher']}")
    held_out = line["held_out"]
    say(f"  on {held_out['pairs']:,} held-out pairs, before -> after")
    for name, key in (("log loss", "log_loss"), ("APGR", "apgr")):
        both = line[key]
        say(f"    {name:<9} {_number(both['incumbent'])} -> {_number(both['candidate'])}")
        say(f"      gain    {_gain(both['gain'])}")
    if line.get("proposal"):
        say(f"  proposal {line['proposal']} waits for a decision")
    elif line.get("why"):
        say(f"  not proposed: {line['why']}")
    if "file" in line:
        say(f"  written to {line['file']}")


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _gain(gain: Mapping[str, Any]) -> str:
    if gain["value"] is None:
        return f"unknown: {gain['method']}"
    return f"{gain['value']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f}), {gain['method']}"


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Said]:
    """A bar on a terminal, a line for each tenth elsewhere, nothing beside JSON."""
    if quiet:
        yield lambda *_: None
        return
    if not sys.stdout.isatty():
        yield _plain
        return
    with Bar() as bar:
        tasks: dict[str, TaskID] = {}

        def said(boundary: str, done: int, of: int) -> None:
            if boundary not in tasks:
                tasks[boundary] = bar.add_task(f"{boundary}: prompts imitated", total=of)
            bar.update(tasks[boundary], completed=done)

        yield said


def _plain(boundary: str, done: int, of: int) -> None:
    step = max(1, of // _PLAIN_EVERY)
    if done % step == 0 or done == of:
        say(f"{boundary}: {done:,} of {of:,} prompts imitated")
