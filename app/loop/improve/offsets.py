"""Type offsets: give a candidate what the active task types add to it, where that helps.

What the working classifier said of a pair before it learned it (written by `loop.improve.learn`) is
what it would say of an unseen prompt. Offsets are estimated from that, frozen with the candidate
and the version of the types, and compared with the active model as part of the candidate.
"""

import numpy as np
import structlog
from sqlalchemy import Connection

from tierwatch.errors import ArtefactError
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.types.measure import measures_types
from tierwatch.evaluation.types.offset_estimates import estimate_offsets
from tierwatch.evaluation.types.prequential import offsets_in_order
from tierwatch.evaluation.types.scored_pairs import ScoredPairs
from tierwatch.loop.improve.active_types import readable_types
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.type_offsets import TypeOffsets
from tierwatch.store.learned.judged_pairs import judged_pairs
from tierwatch.store.learned.learners import Learner

# What a classifier misses of a type changes while it learns, so the newest pairs count.
_PAIRS = 2_000
_FEWEST = 400

_log = structlog.get_logger(__name__)


def with_type_offsets(connection: Connection, learner: Learner, *, judge_version: str) -> bytes:
    """The artefact of a working classifier, with offsets of the active types if they help.

    Types were built of pairs whose losses they were chosen by, which would flatter them: counted
    are conversations that only measured the types, and pairs that were judged later.

    Args:
        connection: any.
        learner: the working classifier.
        judge_version: whose verdicts count.

    Returns:
        Its artefact as it is where there are no types, fewer than 400 such pairs, or no gain
        on pairs in order.
    """
    plain = bytes(learner.artefact)
    stored = readable_types(connection)
    if stored is None:
        return plain
    types, since = stored
    pairs = [
        pair
        for pair in judged_pairs(
            connection,
            learner.boundary,
            judge_version=judge_version,
            after=0,
            until=learner.position,
            limit=2 * _PAIRS,
            newest=True,
        )
        if pair.text is not None
        and pair.said is not None
        and (pair.judged_at > since or measures_types(pair.session))
    ][-_PAIRS:]
    if len(pairs) < _FEWEST:
        return plain
    scored = ScoredPairs(
        np.array([pair.said for pair in pairs]),
        [types.assign(pair.text or "") for pair in pairs],
        HeldOut(
            [pair.verdict for pair in pairs],
            [1 / pair.pi for pair in pairs],
            [pair.session for pair in pairs],
        ),
    )
    found = offsets_in_order(scored)
    offsets = estimate_offsets(scored) if found.helps else {}
    _log.info(
        "type offsets",
        boundary=learner.boundary,
        types=types.version,
        pairs=len(pairs),
        evidence=found.evidence,
        lately=found.lately,
        used=bool(offsets),
    )
    if not offsets:
        return plain
    try:
        candidate = LocalClassifier.from_bytes(plain)
    except ArtefactError:
        return plain  # whoever compares it says so
    candidate.type_offsets = TypeOffsets(types.version, offsets)
    return candidate.to_bytes()
