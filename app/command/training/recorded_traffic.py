"""Train from a file of recorded traffic, and write the models beside each other in a folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tierwatch.errors import TrafficError
from tierwatch.evaluation.models.comparison import compare_models
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.sampling.outcome import LOWER_VERDICTS
from tierwatch.providers.recorded.traffic_file import BadLine, read_traffic
from tierwatch.routing.classify.familiarity.familiar import ORDINARY_SHARE
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.training.distil import Fitted, Lessons, fit_best, fit_student
from tierwatch.training.unfamiliar import called_unfamiliar

_DELTA = 0.025
_HELD_OUT = 4


def trained_from_file(
    path: Path, out: Path, *, teacher: str, limit: int, said: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Train from recorded traffic: compare with an untrained classifier, write what was fitted.

    Raises:
        UsageError: the extra of the teacher is missing.
        TrafficError: no usable line in the file.
    """
    boundaries = _recorded_lessons(path)
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for boundary, every in boundaries.items():
        lessons = every.after(max(0, len(every.texts) - limit))
        cut = len(lessons.texts) - len(lessons.texts) // _HELD_OUT
        learned, held_out = lessons.first(cut), lessons.after(cut)
        unseen = set(held_out.texts)

        def imitated(done: int, of: int, of_boundary: str = boundary) -> None:
            said(of_boundary, done, of)

        prompts = [text for text in dict.fromkeys(every.texts) if text not in unseen]
        fitted = fit_best(learned, held_out, prompts, teacher=teacher, said=imitated)
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
            "gain": _document(found.log_loss_gain),
        },
        "unfamiliar": called_unfamiliar(fitted.classifier, held_out.texts, ORDINARY_SHARE),
        "unfamiliar_at_most": ORDINARY_SHARE,
        "apgr": {"incumbent": area[0], "candidate": area[1], "gain": _document(found.apgr_gain)},
    }


def _document(estimate: Estimate) -> dict[str, Any]:
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
