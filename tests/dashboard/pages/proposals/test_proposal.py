"""Pages of the evidence: blind labels, the judge's standing, parts of a change, a replay."""

from collections.abc import Callable
from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from factories.rows import (
    add_policy,
    add_proposal,
)
from sqlalchemy import Connection, select, text

from tierwatch.evaluation.counterfactual.boundary_outcomes import BoundaryOutcomes
from tierwatch.evaluation.counterfactual.replay import replay_policy
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.loop.improve.replay_policy import replay_document
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.proposals import ProposalRow

HOSTILE = """<script>alert("x")</script>'"><img src=x onerror=alert(1)>"""


def test_proposal_says_what_is_needed_to_decide(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection)
    page = approver.page(f"/proposals/{proposal_id}")
    for said in ("Certified.", "3.1 %", "+12.5 %", "5.0 %", "2.0 to 20.0 %", "4.8 %", "proposed"):
        assert said in page, said
    assert "Made against" not in page


def test_what_an_untrusted_judge_certified_is_held_back_but_for_an_explicit_word(
    connection: Connection, approver: Any, policy: None
) -> None:
    put.add_anchors(connection, 102, 408)
    weigh_judge(connection, put.JUDGE)
    proposal_id = add_proposal(connection)
    address = f"/proposals/{proposal_id}"
    page = approver.page(address)
    assert "Held back." in page
    assert "Certified." not in page
    assert 'class="state certified"' not in approver.page("/proposals")
    refused = approver.send(f"{address}/approve", form_on=address, why="looks good")
    assert refused.status_code == 409
    assert "102 of 408 anchors" in refused.text
    said = {"why": "known", "despite_judge": "yes"}
    assert approver.send(f"{address}/approve", form_on=address, **said).status_code == 302
    detail = connection.execute(
        select(AuditRow.detail).where(AuditRow.action == "proposal.approved")
    ).scalar_one()
    assert detail["despite"].startswith("NOT TRUSTED")


def test_the_certified_region_is_drawn_unless_the_judge_is_not_trusted(
    connection: Connection, viewer: Any, policy: None
) -> None:
    address = f"/proposals/{add_proposal(connection)}"
    page = viewer.page(address)
    for said in ("Risk by threshold", "Coverage by threshold", "proposed 0.80", "present 0.70"):
        assert said in page, said
    assert '<i class="key region good"></i>certified' in page
    put.add_anchors(connection, 102, 408)
    weigh_judge(connection, put.JUDGE)
    page = viewer.page(address)
    assert "Risk by threshold" in page
    assert "key region" not in page
    one = add_proposal(connection, tier="standard", evidence={"bounds": []})
    assert "<figure" not in viewer.page(f"/proposals/{one}")


MOVED = {
    "to": "simple",
    "requests": 120,
    "changed": 90,
    "fitted": {"thinking.adaptive->enabled": 90, "max_tokens<=64000": 41},
    "lacking": {"images": 6},
    "not_taken": 0.05,
}


def test_what_the_new_tier_makes_of_the_traffic_is_said(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection, evidence={"moved": MOVED})
    page = approver.page(f"/proposals/{proposal_id}")
    for said in (
        *("What simple takes", "thinking.adaptive-&gt;enabled", "5.0 %", "images"),
        "Of 120 recent requests like them, 90 would be changed to fit its model:",
    ):
        assert said in page, said


def test_what_is_not_taken_is_not_said_to_be_taken_as_it_is(
    connection: Connection, approver: Any, policy: None
) -> None:
    moved = MOVED | {"changed": 0, "fitted": {}}
    page = approver.page(f"/proposals/{add_proposal(connection, evidence={'moved': moved})}")
    assert "Of 120 recent requests like them, none would have to be changed." in page
    assert "It cannot take 5.0 %" in page


def test_uncertified_proposal_says_so_plainly(
    connection: Connection, approver: Any, policy: None
) -> None:
    add_policy(connection, 2)
    connection.exec_driver_sql("update active_policy set stable_version = 2")
    above = stored.estimate(0.3) | {"low": 0.2, "high": 0.4}
    proposal_id = add_proposal(
        connection, certified=False, predicted=stored.predicted(misroute=above)
    )
    page = approver.page(f"/proposals/{proposal_id}")
    assert "Not certified." in page
    assert "stays above the tolerated 5.0 %" in page
    assert "Made against policy 1; policy 2 has become active since." in page
    assert "not certified" in approver.page("/proposals")


def test_approval_needs_a_reason_and_is_audited(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection)
    path = f"/proposals/{proposal_id}"
    refused = approver.send(f"{path}/approve", form_on=path, why="  ")
    assert refused.status_code == 400
    assert "A reason is required" in refused.text

    sent = approver.send(f"{path}/approve", form_on=path, why=f"\x00{HOSTILE}")
    assert sent.headers["Location"] == path
    page = approver.page(path)
    assert f"Proposal {proposal_id} is approved." in page
    assert "rolling out" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    line = connection.execute(select(AuditRow).where(AuditRow.action == "proposal.approved")).one()
    assert line.actor == "approver"


def test_the_second_decision_is_told_who_was_first(
    connection: Connection, approver: Any, logged_in: Callable[[str], Any], policy: None
) -> None:
    proposal_id = add_proposal(connection)
    path = f"/proposals/{proposal_id}"
    admin = logged_in("admin")
    assert approver.send(f"{path}/reject", form_on=path, why="too dear").status_code == 302

    late = admin.send(f"{path}/approve", form_on="/", why="looks good")
    assert late.status_code == 409
    assert f"Proposal {proposal_id} is rejected already, by approver." in late.text
    assert "too dear" in late.text
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "rejected"


def test_viewers_may_not_decide(connection: Connection, viewer: Any, policy: None) -> None:
    proposal_id = add_proposal(connection)
    assert "needs the role approver" in viewer.page(f"/proposals/{proposal_id}")
    path = f"/proposals/{proposal_id}/approve"
    assert viewer.send(path, form_on="/", why="please").status_code == 403
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "open"


def test_decisions_without_the_csrf_token_are_refused(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection)
    response = approver.client.post(f"/proposals/{proposal_id}/approve", data={"why": "forged"})
    assert response.status_code == 400
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "open"


def test_the_proposal_page_shows_its_replay_and_why_it_is_not_certified(
    connection: Connection, viewer: Any
) -> None:
    pairs = BoundaryOutcomes(
        [0.9] * 60 + [0.75] * 60, [0.0] * 110 + [1.0] * 10, [1] * 120, [1.0] * 120, [3.0] * 120
    )
    replay = replay_policy({"simple": pairs}, {"simple": 0.7}, {"simple": 0.8})
    evidence = {"alpha": 0.05, "reason": "the bound is 0.07", "replay": replay_document(replay)}
    proposal = put.add_proposal(connection, certified=False, evidence=evidence)
    page = viewer.page(f"/proposals/{proposal}")
    assert "The bound is 0.07." in page
    assert "Replayed on past pairs" in page
    # 60 of 120 move up: 120 of cost now, 60 + 180 then.
    assert "+100.0 %" in page
    thin = replay_policy({"simple": pairs}, {"simple": 0.7}, {"simple": 0.2})
    evidence["replay"] = replay_document(thin)
    refused = put.add_proposal(connection, tier="standard", evidence=evidence)
    connection.execute(text("update proposals set tier = 'simple', state = 'expired'"))
    assert "Not enough pairs that it would decide differently" in viewer.page(
        f"/proposals/{refused}"
    )


def test_the_page_of_a_types_proposal_names_the_type(connection: Connection, viewer: Any) -> None:
    pairs = BoundaryOutcomes(
        [0.9] * 60 + [0.75] * 60, [0.0] * 120, [1] * 120, [1.0] * 120, [3.0] * 120
    )
    replay = replay_policy({"simple": pairs}, {"simple": 0.7}, {"simple": 0.8})
    proposal = put.add_proposal(
        connection, task_type="sql-table", evidence={"replay": replay_document(replay)}
    )
    page = viewer.page(f"/proposals/{proposal}")
    assert "raise the threshold of simple for sql-table" in page
    assert "Fewer sql-table requests would stay" in page
    assert "Replayed on past pairs of sql-table" in page
    assert "Change in its cost" in page
    assert "total cost" not in page


def test_a_proposed_model_is_told_from_a_threshold_with_its_evidence_in_words(
    viewer: Any, connection: Connection
) -> None:
    gain = {"value": 0.123, "low": 0.045, "high": 0.201, "n": 300, "method": "paired t"}
    evidence = {
        "alpha": 0.05,
        "delta": 0.025,
        "kept_now": stored.estimate(0.09),
        "judge_version": put.JUDGE,
        "reason": "at 0.8 the bound is too high",
        "held_out": {"pairs": 300, "conversations": 280.4},
        "log_loss": {"incumbent": 0.9, "candidate": 0.777, "gain": gain},
        "apgr": {
            "incumbent": None,
            "candidate": None,
            "gain": {"value": None, "low": -1, "high": 1, "n": 0, "method": "not defined"},
        },
        "misroute_change": stored.estimate(-0.02),
        "candidate_pairs": 1_234,
        "incumbent_pairs": 56,
        "candidate_author": "tierwatch",
        "type_offsets": {"types_version": 2, "by_type": {"sql-table": [0.42, -0.07]}},
    }
    proposal = put.add_proposal(
        connection, kind="model", artefact_id=1, certified=False, evidence=evidence
    )
    page = viewer.page(f"/proposals/{proposal}")
    for words in (
        "a model learned from judged pairs, for simple",
        "It has learned from 1,234 pairs, the active model from 56.",
        "+0.123",
        "+0.045 to +0.201",
        "not defined",
        "280 effective conversations",
        "Offsets of task types",
        'sql-table</td><td class="r">+0.42</td><td class="r">-0.07',
        "better than the active model",
    ):
        assert words in page
    assert "step in the safe direction" not in page
    assert f"#{proposal} model" in viewer.page("/proposals")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.1, None, "+0.100 or more"),
        (None, 0.2, "+0.200 or less"),
        (None, None, "open on both ends"),
        (-0.1, 0.2, "-0.100 to +0.200"),
    ],
)
def test_a_gain_whose_interval_is_open_is_a_line_and_no_error(
    connection: Connection, viewer: Any, low: float | None, high: float | None, said: str
) -> None:
    gain = stored.estimate(0.15) | {"low": low, "high": high}
    loss = {"incumbent": 0.9, "candidate": 0.75, "gain": gain}
    proposal = add_proposal(connection, kind="model", artefact_id=1, evidence={"log_loss": loss})
    assert f"<small>{said}</small>" in viewer.page(f"/proposals/{proposal}")


MOVING: dict[str, Any] = {
    "lowers": True,
    "misroute": {"value": 0.125, "low": 0.027, "high": 0.324, "n": 24, "method": "weighted rate"},
    "effective": 24.0,
    "tolerated": 0.05,
    "requests_per_day": 1200.0,
    "usd_per_day": -14.5,
    "bill_share": -0.031,
}


def test_too_few_pairs_that_move_are_the_first_thing_said(
    connection: Connection, approver: Any, policy: None
) -> None:
    proposal_id = add_proposal(connection, evidence={"moving": MOVING})
    page = approver.page(f"/proposals/{proposal_id}")
    words = "Only 24 effective pairs would move, and 30 are needed"
    assert words in page
    # Before what the proposal does, and before its certificate.
    assert page.index(words) < page.index("requests would stay at")
    assert "12.5 %" in page


def test_money_is_told_by_day_month_and_share_of_the_bill(
    connection: Connection, approver: Any, policy: None
) -> None:
    enough = MOVING | {"effective": 400.0, "misroute": MOVING["misroute"] | {"value": 0.03}}
    page = approver.page(f"/proposals/{add_proposal(connection, evidence={'moving': enough})}")
    assert "would move, and" not in page
    assert "$14.50</b> a day" in page
    # 365 / 12 days.
    assert "$441.04 a month" in page
    assert "3.1 % of the whole bill" in page
    assert "1,200 requests a day" in page


def test_what_may_not_be_approved_any_more_says_so_and_offers_no_button(
    connection: Connection, approver: Any, policy: None
) -> None:
    path = f"/proposals/{add_proposal(connection)}"
    assert ">Approve</button>" in approver.page(path)
    add_policy(connection, 2)
    connection.exec_driver_sql("update active_policy set stable_version = 2")
    page = approver.page(path)
    assert "and policy 2 is active; the next retune tests the tier again." in page
    assert ">Approve</button>" not in page
    assert ">Reject</button>" in page
    refused = approver.send(f"{path}/approve", form_on=path, why="as I saw it")
    assert refused.status_code == 409
    assert approver.send(f"{path}/reject", form_on=path, why="old").status_code == 302
