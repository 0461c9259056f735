"""A call as it is stored: drawn and redacted, or counted alone."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from factories.sources import CONFIG, body, outcome
from fakes.intake import now

from tierwatch.config import load_config
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.intake.calls import Call
from tierwatch.intake.json_sources.outcomes import read_outcomes
from tierwatch.intake.keeping.admitting import Admitting
from tierwatch.intake.keeping.placing import Placing
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.document import nothing_against
from tierwatch.loop.capture.redact import Redactor, load_redactor
from tierwatch.routing.router import Router


def admitting(
    folder: Path, *, rate: float = 1.0, redact: Redactor | None = None, read: Any = nothing_against
) -> Admitting:
    (folder / "tierwatch.yaml").write_text(CONFIG)
    config = load_config(folder / "tierwatch.yaml")
    router = Router.described(config)
    numbers = iter(range(1, 100))
    return Admitting(
        placing=Placing(config, lambda: router, Conversations(b"")),
        draw=lambda: Draw(config.tiers, SamplingPlan(rate)),
        number=lambda: next(numbers),
        redact=redact or load_redactor(None),
        read=read,
        sealer=None,
    )


def call(**changes: Any) -> Call:
    (found,) = read_outcomes(body(outcome(started_at=now(), **changes))).calls
    return found


def test_a_drawn_call_is_stored_redacted(tmp_path: Path) -> None:
    words = "Write to jo@example.org."
    request = {"messages": [{"role": "user", "content": words}]}
    found = admitting(tmp_path).admit(call(request=request), "app", now())
    assert found.document is not None
    (exchange,) = found.document["exchanges"]
    assert "jo@example.org" not in str(exchange)
    assert exchange["request_no"] == 1
    assert (found.source, found.whats) == ("app", ("sampled",))


def test_a_call_that_is_not_drawn_leaves_its_figures_and_no_text(tmp_path: Path) -> None:
    found = admitting(tmp_path, rate=1e-9).admit(call(), "app", now())
    assert found.document is not None
    assert (found.document["exchanges"], found.whats) == ([], ())
    assert "What is" not in str(found.document)
    ((*_, _, requests),) = [row[:6] for row in found.document["counts"]]
    assert requests == 1


def test_why_a_call_is_no_evidence_is_counted_under_its_source(tmp_path: Path) -> None:
    admit = admitting(tmp_path, read=lambda _: "fits_not").admit
    assert admit(call(), "app", now()).whats == ("outside:fits_not",)
    assert admit(call(error="timeout"), "app", now()).whats == ("outside:error",)
    unknown = admit(call(model="o9"), "app", now())
    assert (unknown.document, unknown.whats) == (None, ("outside:intake_unplaced",))


def test_a_redactor_that_fails_costs_the_text_and_not_the_count(tmp_path: Path) -> None:
    def broken(text: str) -> str:
        raise ValueError(text)

    found = admitting(tmp_path, redact=broken).admit(call(), "app", now())
    assert found.document is not None
    assert (found.document["exchanges"], found.whats) == ([], ("unredacted",))


def test_a_wrong_clock_is_counted(tmp_path: Path) -> None:
    found = admitting(tmp_path).admit(call()._replace(started_at=1.0), "app", now())
    assert found.whats == ("sampled", "clock")


def test_the_key_is_of_source_and_id_alone(tmp_path: Path) -> None:
    admit = admitting(tmp_path).admit
    keys = {admit(call(id="a"), "app", at).key for at in (now(), now() + 9)}
    assert len(keys) == 1
    assert isinstance(keys.pop(), uuid.UUID)
    assert len({admit(call(id=one), "app", now()).key for one in ("a", "b")}) == 2


@pytest.mark.parametrize("content", ["\x00", "\ud800", "x" * 100_000])
def test_any_text_can_be_stored(tmp_path: Path, content: str) -> None:
    given = call()._replace(request={"messages": [{"role": "user", "content": content}]})
    assert admitting(tmp_path).admit(given, "app", now()).document is not None
