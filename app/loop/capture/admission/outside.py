"""Why an exchange cannot be evidence. Its inclusion probability is then 0, whatever the rates are.

Some reasons are known at once, of every exchange: these are counted exactly. To find the others a
request has to be read, which is done for those alone that the draw has taken. The draw knows
nothing of them (it is a hash of the id), so what is left of it is the sample that drawing among the
others would have given; the share of all traffic that they are is estimated from it, each drawn
exchange standing for 1 / its chance of being drawn.
"""

from http import HTTPStatus
from typing import Final

from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.wire.answers.finish_words import failed

# Of every exchange.
ERROR: Final = "error"
UNFINISHED: Final = "unfinished"
TOO_LARGE: Final = "too_large"
SIDE_CALL: Final = "side_call"
FALLBACK: Final = "fallback"
NOT_SAMPLED: Final = "not_sampled"
# Of what another router served, as far as its source says it.
NO_QUESTION: Final = "intake_no_question"  # its text was not sent, or was taken out
NO_ANSWER: Final = "intake_no_answer"  # as above, of a whole answer
TRUNCATED: Final = "intake_truncated"  # media or text stand as a mark of what they were
PARAMETERS_UNSEEN: Final = "intake_parameters_unseen"  # tools or a form were used, and not sent
OTHER_KIND: Final = "intake_other_kind"  # no chat: a completion, an image, a transcription
BY_RULE: Final = "intake_by_rule"  # its router went by something else than its score
OTHER_THRESHOLDS: Final = "intake_other_thresholds"  # and these are not known here yet
_UNSEEN: Final = frozenset({NO_QUESTION, NO_ANSWER, TRUNCATED, PARAMETERS_UNSEEN, OTHER_KIND})
# What decisions say that the router did not choose, and what that is counted as.
_NOT_CHOSEN: Final = {
    "pinned": "pinned",
    "sticky": "held",
    "classifier_failed": "classifier_failed",
    "cascade": "cascade",
    "by_rule": BY_RULE,
    "other_thresholds": OTHER_THRESHOLDS,
}
# Of drawn ones.
FITS_NOT: Final = "fits_not"
MEDIA: Final = "media"
PROVIDER_TOOLS: Final = "provider_tools"

REASONS: Final = (
    ERROR,
    UNFINISHED,
    TOO_LARGE,
    SIDE_CALL,
    PROVIDER_TOOLS,
    *_NOT_CHOSEN.values(),
    FALLBACK,
    NOT_SAMPLED,
    NO_QUESTION,
    NO_ANSWER,
    TRUNCATED,
    PARAMETERS_UNSEEN,
    OTHER_KIND,
    FITS_NOT,
    MEDIA,
)


def outside_at_once(served: ServedExchange) -> str:
    """Why an exchange cannot be evidence, as far as that is known without reading it; "" if it can.

    An answer of the response cache is compared whoever chose its tier: the question is whether it
    fits the request.
    """
    if served.outside in _UNSEEN and served.status < HTTPStatus.BAD_REQUEST.value:
        return served.outside  # there may well have been an answer
    if served.answer is None or failed(served.finish_reason):
        return ERROR
    if not (served.finished and served.kept):
        return TOO_LARGE if served.finished else UNFINISHED
    return served.outside or _not_chosen(served)


def _not_chosen(served: ServedExchange) -> str:
    decision = served.decision
    if served.served_tier != decision.tier:
        return "" if served.served_tier == CACHE_TIER else FALLBACK
    if decision.chosen:
        return ""
    kind = decision.reason.partition(":")[0]
    return _NOT_CHOSEN.get(kind, kind)
