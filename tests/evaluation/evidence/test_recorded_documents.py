"""Documents as each version of the writers stored them, by the day of the change."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from factories import evidence as stored

from tierwatch.evaluation.evidence.alert_evidence import read_alert_evidence
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.proposal_evidence import read_proposal_evidence

Read = Callable[[str, object], Any]
RISE = {"at": 512, "before": 0.01, "after": 0.2, "method": "ADWIN"}
ERRORS = {"caught": 9, "bad": 10, "cleared": 28, "good": 30}
OFFSETS = {"types_version": 2, "by_type": {"sql": [0.4, -0.1]}}
BOUNDS = [{"threshold": 0.7, "bound": 0.041, "pairs": 210}]


class Form(NamedTuple):
    """One form of a document: what it added, and how a field of it is read."""

    since: str
    read: Read
    kind: str
    document: Mapping[str, Any]
    field: str
    value: object


FORMS = [
    Form("alerts have pairs", read_alert_evidence, "misroute", stored.misroute(), "relative", None),
    Form(
        "conversations count once",
        read_alert_evidence,
        "misroute",
        stored.misroute(conversations=380, relative=None),
        "conversations",
        380,
    ),
    Form(
        "a second opinion",
        read_alert_evidence,
        "misroute",
        stored.misroute(conversations=380, relative=RISE),
        "conversations",
        380,
    ),
    Form("thresholds", read_proposal_evidence, "threshold", stored.threshold(), "reason", ""),
    Form(
        "a reason, and labels",
        read_proposal_evidence,
        "threshold",
        stored.threshold(reason="at 0.80 the bound is 5 %", judge_errors=ERRORS),
        "reason",
        "at 0.80 the bound is 5 %",
    ),
    Form(
        "labels that do not count",
        read_proposal_evidence,
        "threshold",
        stored.threshold(reason="", judge_errors=None),
        "judge_errors",
        None,
    ),
    Form(
        "a replay",
        read_proposal_evidence,
        "threshold",
        stored.threshold(reason="", judge_errors=None, replay=stored.replay()),
        "k",
        0,
    ),
    Form(
        "an objective, its bounds without pairs",
        read_proposal_evidence,
        "threshold",
        stored.objective(),
        "reason",
        "",
    ),
    Form(
        "an objective in words, its bounds with pairs",
        read_proposal_evidence,
        "threshold",
        stored.objective(reason="Keeps 95 %", bounds=BOUNDS, replay=stored.replay()),
        "reason",
        "Keeps 95 %",
    ),
    Form("models", read_proposal_evidence, "model", stored.model(), "incumbent_id", 0),
    Form(
        "models with a rate to hold",
        read_proposal_evidence,
        "model",
        stored.model(alpha=0.05, bounds=BOUNDS, reason="certified"),
        "alpha",
        0.05,
    ),
    Form(
        "models with offsets",
        read_proposal_evidence,
        "model",
        stored.model(type_offsets=OFFSETS),
        "k",
        0,
    ),
]


@pytest.mark.parametrize("form", FORMS, ids=[form.since for form in FORMS])
def test_each_form_is_read(form: Form) -> None:
    found = form.read(form.kind, form.document)
    assert not isinstance(found, Unreadable), found
    assert getattr(found, form.field) == form.value


@pytest.mark.parametrize("form", FORMS, ids=[form.since for form in FORMS])
def test_no_key_of_an_old_form_is_served_otherwise_than_it_was(form: Form) -> None:
    found = form.read(form.kind, form.document)
    served = found.to_json()
    kept = dict(form.document)
    if "bounds" in kept:  # those of the first objective gain their pairs: 0
        kept["bounds"] = [{"pairs": 0} | bound for bound in kept["bounds"]]
    assert {name: served[name] for name in kept} == kept


@pytest.mark.parametrize("form", FORMS, ids=[form.since for form in FORMS])
def test_reading_what_is_served_gives_the_same_again(form: Form) -> None:
    found = form.read(form.kind, form.document)
    assert form.read(form.kind, found.to_json()) == found
