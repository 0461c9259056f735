"""A made-up shop's traffic: its assistant's cheap model has become worse at refunds overnight."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import factories.rows as put
from browser.stage import PASSWORD
from sqlalchemy import Connection, insert, text

from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips, ProbeFlips
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.store.certificates import add_certificate
from tierwatch.store.people.accounts import add_external_user, disable_user
from tierwatch.store.people.tokens import add_token
from tierwatch.store.people.users import add_user
from tierwatch.store.schema.checks import AnchorVerdictRow, EvalsetRunRow, ProbeAnswerRow
from tierwatch.store.schema.people import AuditRow

NOW = dt.datetime(2026, 11, 30, 6, 31, tzinfo=dt.UTC)
OPENED = dt.datetime(2026, 11, 30, 6, 12, 40, tzinfo=dt.UTC)

CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: claude-haiku-4-5, cost: 1}
    standard: {model: claude-sonnet-4-6, cost: 3}
    complex: {model: claude-opus-4-6, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation: {budget_usd_per_day: 25, tolerance: {simple: 0.05, standard: 0.05}}
"""

# What was asked, the answer that was served, the next tier's, and what the judge said.
_WORST = (
    (
        "I returned the boots on the 3rd and still have no refund. How long does it take?",
        "Refunds are instant. If you do not see it, your bank is holding it back.",
        "A refund takes up to 14 days from the day we receive the parcel: until the 20th for you.",
        "The served answer invents an instant refund; the policy in the prompt says 14 days.",
    ),
    (
        "Can I get my money back for a gift card I have not used?",
        "Yes, gift cards are refundable within 30 days.",
        "Gift cards cannot be refunded, but they never expire.",
        "The policy excludes gift cards; the served answer promises a refund.",
    ),
    (
        "My parcel came damaged. Do I have to send it back before you refund me?",
        "Yes, return it first at your own cost.",
        "No. Send us a photo and we refund you without a return.",
        "Damaged goods need a photo only; the served answer asks for a return at the buyer's cost.",
    ),
    (
        "You refunded 39.90 but I paid 45.80. Where is the rest?",
        "The difference is a restocking fee.",
        "The 5.90 are the express delivery, which is not refunded; 39.90 is the full price.",
        "There is no restocking fee in the policy; the difference is the delivery.",
    ),
    (
        "Is it too late to return a coat that I bought on 2 October?",
        "No, you can return it within 60 days.",
        "Yes, I am sorry: returns are open for 30 days, until 1 November.",
        "The served answer uses a period of 60 days that the policy does not have.",
    ),
)


@dataclass(frozen=True)
class Made:
    """The ids that pictures are taken of."""

    alert: int
    resolved: int
    proposal: int
    uncertified: int
    pair: uuid.UUID


def fill(connection: Connection) -> Made:
    """Two policies, a week's traffic, an attributed alert, proposals, pairs, the judge's checks."""
    for version, simple in ((1, 0.72), (2, 0.68)):
        put.add_policy(connection, version, simple=simple)
    put.put_in_force(connection, 2)
    connection.execute(text("update policies set created_at = :at"), {"at": NOW - _days(9)})
    connection.execute(text("update active_policy set changed_at = :at"), {"at": NOW - _days(9)})
    _traffic(connection)
    pairs = _pairs(connection)
    alert = _alert(connection, pairs)
    resolved = _resolved(connection)
    proposal = _proposal(connection, alert)
    uncertified = _uncertified(connection)
    _checks(connection, pairs)
    return Made(alert, resolved, proposal, uncertified, pairs[0])


def add_people(connection: Connection) -> None:
    """An admin, a viewer who logs in elsewhere, one who left, and what programs hold."""
    add_user(connection, "grace", PASSWORD, "admin")
    add_external_user(connection, "heidi", "https://id.example.org|00u1a2b3", "viewer")
    add_user(connection, "ivan", PASSWORD, "reviewer", must_change=True)
    add_user(connection, "judy", PASSWORD, "reviewer")
    disable_user(connection, "judy", now=NOW - _days(3), actor="grace")
    add_token(connection, "nightly-report", "viewer", ends_at=NOW + _days(41))
    add_token(connection, "deploy", "approver", ends_at=NOW - _days(2))
    add_token(connection, "grafana", "viewer")
    connection.execute(text("update users set created_at = :at"), {"at": NOW - _days(40)})
    connection.execute(text("update tokens set created_at = :at"), {"at": NOW - _days(49)})
    connection.execute(
        text("update tokens set used_at = :at where name <> 'deploy'"), {"at": NOW - _days(0.01)}
    )


def _days(days: float) -> dt.timedelta:
    return dt.timedelta(days=days)


def _traffic(connection: Connection) -> None:
    """Rollups of every tier, and outcomes that turn worse in the last sixth of the requests."""
    for tier, requests, cost, top, latency in (
        ("simple", 41_230, 61.85, 927.7, 640),
        ("standard", 12_345, 55.55, 277.8, 1_320),
        ("complex", 6_789, 152.75, 152.75, 2_450),
    ):
        put.add_rollup(
            connection, tier, requests, cost_usd=cost, cost_top_tier_usd=top,
            latency_ms=latency * requests, escalated=requests // 9 if tier != "simple" else 0,
            errors=requests // 4_000, sampled=480 if tier == "simple" else 0, dropped=0,
            classifier_cost_usd=3.02 if tier == "simple" else 0.0,
        )  # fmt: skip
    for number in range(480):
        worse = number % 30 == 0 or (number > 400 and number % 4 == 0)
        put.add_outcome(connection, 125 * number, float(worse), policy_version=2)
    for number in range(240):
        put.add_outcome(connection, 250 * number, float(number % 28 == 3), tier="standard")
    for number in range(90):
        put.add_outcome(
            connection, 600 * number, float(number % 3 != 0), tier="standard", boundary="simple",
            direction="down", stream="simple|down",
        )  # fmt: skip


def _pairs(connection: Connection) -> list[uuid.UUID]:
    found = []
    for place, (asked, served, other, said) in enumerate(_WORST):
        pair = _exchange(connection, 52_300 + 1_711 * place, asked, served, 0.97 - place / 60)
        put.add_shadow(connection, pair, other)
        put.add_verdict(connection, pair, "alternative", reason=said)
        found.append(pair)
    fine = _exchange(connection, 58_020, "Do you ship to Norway?", "Yes, within 5 days.", 0.91)
    put.add_shadow(connection, fine, "Yes. Parcels to Norway take about five days.")
    put.add_verdict(connection, fine, "tie", reason="Both say five days.")
    unscored = _exchange(connection, 58_410, "Write a poem about socks.", "Two by two…", 0.83)
    put.add_shadow(connection, unscored, "O humble sock…")
    put.add_verdict(connection, unscored, None, unscored_why="no JSON in the reply")
    failed = _exchange(connection, 58_900, "Where is order 4711?", "On its way.", 0.88)
    put.add_failure(connection, failed, "no answer within 60 s")
    _exchange(connection, 59_015, "Which size am I?", "Usually M.", 0.79)
    return found


def _exchange(
    connection: Connection, number: int, asked: str, served: str, confidence: float
) -> uuid.UUID:
    answer = {"role": "assistant", "content": served}
    return put.add_exchange(
        connection, number, question=asked, answer=answer, confidence=round(confidence, 3),
        confidences={"simple": round(confidence, 3)}, model="claude-haiku-4-5", policy_version=2,
        task_type="refunds", session=f"visit-{number}", arrived_at=NOW - _days(1),
    )  # fmt: skip


def _alert(connection: Connection, pairs: list[uuid.UUID]) -> int:
    before = {"simple/refunds/0.8-1.0": Cell(310, 310.0, 310.0, 11.0)}
    after = {"simple/refunds/0.8-1.0": Cell(80, 80.0, 80.0, 20.0)}
    same = AnchorFlips(n=60, worse_before=56, to_worse=1, to_not_worse=1)
    found = attribute(
        before,
        after,
        anchors=AnchorEvidence(worse=same, not_worse=AnchorFlips(60, 3, 1, 1)),
        probes=ProbeFlips(n=136, pass_to_fail=19, fail_to_pass=1),
        other_probes={"standard": ProbeFlips(n=136, pass_to_fail=2, fail_to_pass=2)},
    )
    alert = put.add_alert(
        connection,
        segment="simple/refunds",
        summary="Answers of tier simple are materially worse than the next tier's in 25.0 % of 80"
        " pairs (16.1 % to 36.1 %); 5.0 % is tolerated.",
        pairs=390,
        opened_at_request=59_870,
        opened_at=OPENED,
        attribution=AttributionDocument.of(found).to_json(),
        evidence={
            "estimate": _estimate(0.25, 0.161, 0.361, 80),
            "whole_stream": _estimate(0.079, 0.053, 0.112, 390),
            "tolerance": 0.05,
            "statistic": 2.4e7,
            "level": 1e7,
            "stream": "simple|refunds|p2",
            "policy_version": 2,
            "judge_version": put.JUDGE,
            "conversations": 388,
            "relative": None,
            "path": [
                {
                    "conversations": 240 + number,
                    # From the 109th on the answers are worse; it is the first pair's moment.
                    "at": put.NOW.timestamp() + 52_300 + 175 * (number - 109),
                    "statistic": 2.0 + number % 7 if number < 109 else 5.0 * 1.48 ** (number - 109),
                }
                for number in range(149)
            ],
            "first_outcome": 401,
            "first_pair": str(pairs[0]),
            "first_request": 52_300,
            "last_pair": str(pairs[-1]),
            "last_request": 59_144,
            "worst": [
                {
                    "pair": str(pair),
                    "confidence": round(0.97 - place / 60, 3),
                    "request": 52_300 + 1_711 * place,
                }
                for place, pair in enumerate(pairs)
            ],
        },
        delivered=[
            {
                "type": "alert.opened",
                "deliveries": [
                    {"destination": "log", "ok": True, "detail": "written"},
                    {"destination": "webhook", "ok": True, "detail": "HTTP 202"},
                ],
            }
        ],
    )
    for minutes, action, detail in (
        (0, "alert.opened", {}),
        (4, "alert.attributed", {"cause": found.cause}),
    ):
        connection.execute(
            insert(AuditRow).values(
                at=OPENED + dt.timedelta(minutes=minutes), actor="tierwatch", action=action,
                subject=f"alert/{alert}", detail=detail,
            )
        )  # fmt: skip
    return alert


def _resolved(connection: Connection) -> int:
    return put.add_alert(
        connection, kind="budget", tier="", segment="all", state="resolved", pairs=0,
        summary="Today's evaluation budget of 25.00 USD is spent (25.01 USD); no further exchanges"
        " are sampled before midnight UTC.",
        evidence={"spent_usd": 25.01, "budget_usd": 25.0}, opened_at=OPENED - _days(3),
        resolved_at=OPENED - _days(2), resolved_by="ada", opened_at_request=31_400,
    )  # fmt: skip


def _estimate(value: float, low: float, high: float, n: int) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n, "method": "judge rate"}


def _bounds(threshold: float, bound: float, pairs: int, n: int) -> list[dict[str, Any]]:
    """Thresholds that were tested, strict to loose, a hundredth apart."""
    return [
        {
            "threshold": round(threshold - place / 100, 2),
            "bound": bound + place / 400,
            "pairs": pairs + 9 * place,
        }
        for place in range(n)
    ]


def _proposal(connection: Connection, alert: int) -> int:
    bounds = _bounds(0.78, 0.041, 212, 6)
    return put.add_proposal(
        connection, alert_id=alert, from_threshold=0.68, to_threshold=0.78, base_version=2,
        pairs=390, created_at=OPENED + dt.timedelta(minutes=5),
        predicted={
            "misroute": _estimate(0.022, 0.007, 0.041, 212),
            "cost_change": _estimate(0.114, 0.096, 0.133, 390),
            "kept": _estimate(0.543, 0.493, 0.593, 390),
        },
        evidence={
            "alpha": 0.05, "delta": 0.025, "k": 0, "judge_version": put.JUDGE,
            "first_outcome": 1, "last_outcome": 480, "reason": "",
            "kept_now": _estimate(0.079, 0.053, 0.112, 390),
            "mean_cost_usd": {"lower": 0.0015, "upper": 0.0045}, "bounds": bounds,
        },
    )  # fmt: skip


def _uncertified(connection: Connection) -> int:
    bounds = _bounds(0.8, 0.058, 60, 8)
    return put.add_proposal(
        connection, tier="standard", certified=False, base_version=1, to_threshold=0.8, pairs=240,
        predicted={
            "misroute": _estimate(0.028, 0.009, 0.064, 61),
            "cost_change": _estimate(0.2, 0.16, 0.24, 240),
            "kept": _estimate(0.4, 0.34, 0.46, 240),
        },
        evidence={
            "alpha": 0.05, "delta": 0.025, "k": 1, "judge_version": put.JUDGE,
            "first_outcome": 481, "last_outcome": 720,
            "reason": "at 0.80 the upper bound is 5.8 %",
            "kept_now": _estimate(0.036, 0.017, 0.066, 240),
            "mean_cost_usd": {"lower": 0.0045, "upper": 0.0225}, "bounds": bounds,
        },
    )  # fmt: skip


def _checks(connection: Connection, pairs: list[uuid.UUID]) -> None:
    for place, pair in enumerate(pairs):
        put.add_outcome(connection, 52_300 + place, 1.0, exchange_id=pair)
    connection.execute(
        text(
            "insert into labels (exchange_id, reviewer, preferred, shown_first, note)"
            " select exchange_id, 'ada', case loss when 1 then 'alternative' else 'tie' end,"
            " 'served', '' from outcomes where id % 5 = 0"
        )
    )
    anchors = _run(connection, "anchors", put.JUDGE, "judge-1")
    verdicts = [
        {
            "run_id": anchors, "anchor_id": f"anchor-{number:03}", "truth": "a",
            "verdict": "tie" if number % 20 == 0 else "a", "orders_agree": True, "longer": "a",
            "cost_usd": 0.0002,
        }
        for number in range(120)
    ]  # fmt: skip
    connection.execute(insert(AnchorVerdictRow), verdicts)
    probes = _run(connection, "probes", "simple", "claude-haiku-4-5")
    answers = [
        {
            "run_id": probes, "probe_id": f"probe-{number:03}", "passed": number % 6 > 0,
            "reply": "", "cost_usd": 0.0001,
        }
        for number in range(136)
    ]  # fmt: skip
    connection.execute(insert(ProbeAnswerRow), answers)
    bar = {
        "bar": "D1", "recipe": "no change", "measure": "runs with a false alarm", "value": 0.0065,
        "low": 0.003, "high": 0.011, "limit": 0.0155, "at_least": False, "runs": 2_000,
        "others": "daily z-test 46 %", "verdict": "holds",
    }  # fmt: skip
    add_certificate(connection, quick=True, version="0.1.0", seconds=171.2, rows=[bar])
    for table in ("verdicts", "proposals", "certificates"):
        connection.execute(text(f"update {table} set created_at = :at"), {"at": OPENED})  # noqa: S608 - names above
    connection.execute(text("update alternatives set model = 'claude-sonnet-4-6'"))
    connection.execute(
        text("update verdicts set orders = (select jsonb_agg(one || jsonb_build_object('reason',"
             " verdicts.reason)) from jsonb_array_elements(orders) as one)")
    )  # fmt: skip
    connection.execute(text("update proposals set expires_at = :at"), {"at": OPENED + _days(14)})


def _run(connection: Connection, kind: str, subject: str, model: str) -> int:
    run = insert(EvalsetRunRow).values(
        kind=kind, subject=subject, model=model, set_version="1", why="alert 1",
        started_at=OPENED, ended_at=OPENED, until=OPENED,
    )  # fmt: skip
    return int(connection.execute(run.returning(EvalsetRunRow.id)).scalar_one())
