"""A verdict as the event ``gen_ai.evaluation.result``, a log record on the span that is evaluated.

Source: semantic conventions for generative AI (their own repository since 2026), status
Development: the name is required, the score's value and label where there are some, ``error.type``
where the evaluation failed. The explanation may quote what was asked or answered.
"""

from typing import Final

from opentelemetry.proto.logs.v1.logs_pb2 import SEVERITY_NUMBER_INFO, LogRecord

from tierwatch.evaluation.sampling.score import NAMES, score_of
from tierwatch.judges.verdict import Verdict
from tierwatch.loop.compare.listening import Evaluated
from tierwatch.telemetry.evaluated_span import EvaluatedSpan
from tierwatch.telemetry.messages import Value, key_values, nanoseconds
from tierwatch.telemetry.wire_format import sized

EVENT: Final = "gen_ai.evaluation.result"
_RECORDS: Final = b"\x12"  # field 2 of ``ScopeLogs``
_SAMPLED: Final = 1


def evaluation_result(
    of: Evaluated,
    verdict: Verdict,
    *,
    about: EvaluatedSpan | None,
    sampled: bool,
    at: float,
    explained: bool,
) -> bytes:
    """The event as a field of ``ScopeLogs``.

    Args:
        of: what was evaluated.
        verdict: on it.
        about: the span that it is on; None where nobody knows one.
        sampled: whether that span's trace is kept.
        at: seconds since 1970.
        explained: whether the judge's words may leave.
    """
    exchange = of.pair.exchange
    attributes: dict[str, Value] = {"gen_ai.evaluation.name": NAMES[exchange.direction]}
    if verdict.preferred is None:
        # Its first word says why, and there are five.
        attributes["error.type"] = verdict.unscored_why.partition(":")[0] or "unscored"
    else:
        score = score_of(verdict.preferred, direction=exchange.direction)
        attributes |= {
            "gen_ai.evaluation.score.value": score.value,
            "gen_ai.evaluation.score.label": score.label,
        }
    attributes |= {
        "gen_ai.evaluation.explanation": verdict.reason if explained else None,
        "tierwatch.request.id": str(of.served_id),
        "tierwatch.tier": exchange.tier,
        "tierwatch.alternative_tier": exchange.alternative_tier,
        "tierwatch.preferred": verdict.preferred,
        "tierwatch.judge.version": verdict.judge_version,
        "tierwatch.judge.basis": verdict.basis,
        "tierwatch.policy.version": exchange.policy_version,
    }
    record = LogRecord(
        time_unix_nano=nanoseconds(at),
        observed_time_unix_nano=nanoseconds(at),
        severity_number=SEVERITY_NUMBER_INFO,
        attributes=key_values(attributes),
        event_name=EVENT,
    )
    if about is not None:
        record.trace_id, record.span_id = about.trace_id, about.span_id
        record.flags = _SAMPLED if sampled else 0
    return sized(_RECORDS, record.SerializeToString())
