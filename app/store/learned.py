"""Learned models: working classifiers, their artefacts, versions, and the pairs they learn from."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from tierwatch.evaluation.sampling.outcome import LowerVerdict, lower_verdict
from tierwatch.routing.classify.features import routed_text
from tierwatch.store.schema import (
    ArtefactRow,
    ExchangeTextRow,
    LearnerRow,
    ModelRow,
    OutcomeRow,
    PolicyRow,
    RefitRow,
    VerdictRow,
)


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A pair as a boundary's classifier learns it.

    Attributes:
        text: what was asked; None once retention took it.
        said: log-odds that the working classifier gave before it learned the pair; None where it
            had too few to give any.
    """

    position: int
    session: str
    verdict: LowerVerdict
    loss: float
    pi: float
    judged_at: dt.datetime
    text: str | None
    said: tuple[float, float] | None


def newest_position(connection: Connection) -> int:
    """Position of the newest observed outcome; 0 when there is none."""
    newest = connection.execute(select(func.max(OutcomeRow.position))).scalar_one()
    return int(newest or 0)


def judged_pairs(
    connection: Connection,
    boundary: str,
    *,
    judge_version: str,
    after: int,
    until: int,
    limit: int,
    newest: bool = False,
) -> list[JudgedPair]:
    """Pairs about a boundary in the order of their outcomes, both directions, each exchange once.

    A pair that several judges compared counts where its first outcome stands: what a model has
    learned is never learned, or held out, a second time.

    Args:
        connection: any.
        boundary: the lower tier.
        judge_version: whose verdicts; those of other judges are another measurement.
        after: positions up to this one are left out.
        until: positions after this one are left out.
        limit: how many at most.
        newest: take the newest instead of the oldest; they come in order all the same.
    """
    earlier = aliased(OutcomeRow)
    query = (
        select(
            OutcomeRow.position,
            OutcomeRow.session,
            OutcomeRow.direction,
            OutcomeRow.loss,
            OutcomeRow.pi,
            OutcomeRow.created_at,
            OutcomeRow.said_higher,
            OutcomeRow.said_lower,
            VerdictRow.preferred,
            ExchangeTextRow.request,
        )
        .join(
            VerdictRow,
            and_(
                VerdictRow.exchange_id == OutcomeRow.exchange_id,
                VerdictRow.judge_version == OutcomeRow.judge_version,
            ),
        )
        .outerjoin(ExchangeTextRow, ExchangeTextRow.id == OutcomeRow.exchange_id)
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.position > after,
            OutcomeRow.position <= until,
            VerdictRow.preferred.is_not(None),
            ~exists().where(
                earlier.exchange_id == OutcomeRow.exchange_id,
                earlier.position < OutcomeRow.position,
            ),
        )
        .order_by(OutcomeRow.position.desc() if newest else OutcomeRow.position)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return [
        JudgedPair(
            position=row.position,
            session=row.session,
            verdict=lower_verdict(row.preferred, direction=row.direction),
            loss=row.loss,
            pi=row.pi,
            judged_at=row.created_at,
            text=request_text(row.request),
            said=None if row.said_higher is None else (row.said_higher, row.said_lower),
        )
        for row in (rows[::-1] if newest else rows)
    ]


def count_judged(
    connection: Connection, boundary: str, *, judge_version: str, after: int, until: int
) -> int:
    """How many outcomes `judged_pairs` has to look at, without reading a text."""
    found = connection.execute(
        select(func.count())
        .select_from(OutcomeRow)
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.position > after,
            OutcomeRow.position <= until,
        )
    ).scalar_one()
    return int(found)


def request_text(request: Mapping[str, Any] | None) -> str | None:
    """What the router reads of a stored request; None without one."""
    if request is None:
        return None
    return routed_text(
        request.get("messages") or (),
        tools=request.get("tools"),
        response_format=request.get("response_format"),
    )


def unjudged_texts(connection: Connection, *, limit: int) -> list[str]:
    """The newest different prompts of the store, judged or not: what a student imitates on."""
    newest = connection.execute(
        select(ExchangeTextRow.request).order_by(ExchangeTextRow.id.desc()).limit(limit)
    )
    texts = (request_text(row.request) for row in newest)
    return list(dict.fromkeys(text for text in texts if text))


def sessions_until(connection: Connection, sessions: Sequence[str], position: int) -> set[str]:
    """Which of these conversations have outcomes up to a position, and so may have been learned."""
    found = connection.execute(
        select(OutcomeRow.session)
        .where(OutcomeRow.position <= position, OutcomeRow.session.in_(sessions))
        .distinct()
    )
    return {row.session for row in found}


def load_learner(connection: Connection, boundary: str) -> Any:
    """A boundary's working classifier, locked, or None."""
    return connection.execute(
        select(*LearnerRow.__table__.columns)
        .where(LearnerRow.boundary == boundary)
        .with_for_update()
    ).one_or_none()


def put_learner(
    connection: Connection, boundary: str, *, artefact: bytes, pairs: int, position: int
) -> None:
    """Write a boundary's working classifier; its candidate stays what it is."""
    new = insert(LearnerRow).values(
        boundary=boundary, artefact=artefact, pairs=pairs, position=position
    )
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[LearnerRow.boundary],
            set_={
                "artefact": new.excluded.artefact,
                "pairs": new.excluded.pairs,
                "position": new.excluded.position,
                "updated_at": func.now(),
            },
        )
    )


def put_said(connection: Connection, said: Mapping[int, tuple[float, float]]) -> None:
    """Write down what the working classifier said of pairs before it learned them, by position."""
    connection.execute(
        text(
            "update outcomes set said_higher = given.higher, said_lower = given.lower"
            " from unnest(cast(:positions as bigint[]), cast(:higher as float[]),"
            " cast(:lower as float[])) as given(position, higher, lower)"
            " where outcomes.position = given.position"
        ),
        {
            "positions": list(said),
            "higher": [higher for higher, _ in said.values()],
            "lower": [lower for _, lower in said.values()],
        },
    )


def move_learner(connection: Connection, boundary: str, position: int) -> None:
    """Note that nothing up to a position concerned a boundary, without writing its classifier."""
    connection.execute(
        update(LearnerRow).where(LearnerRow.boundary == boundary).values(position=position)
    )


def set_candidate(connection: Connection, boundary: str, artefact_id: int | None) -> None:
    """Name the artefact that waits for held-out pairs, or none."""
    connection.execute(
        update(LearnerRow).where(LearnerRow.boundary == boundary).values(candidate_id=artefact_id)
    )


def add_artefact(
    connection: Connection,
    boundary: str,
    *,
    artefact: bytes,
    pairs: int,
    position: int,
    author: str,
) -> int:
    """Keep an artefact for good; gives its id."""
    added = connection.execute(
        insert(ArtefactRow)
        .values(boundary=boundary, artefact=artefact, pairs=pairs, position=position, author=author)
        .returning(ArtefactRow.id)
    )
    return int(added.scalar_one())


def load_artefact(connection: Connection, artefact_id: int) -> Any:
    """An artefact, or None."""
    return connection.execute(
        select(*ArtefactRow.__table__.columns).where(ArtefactRow.id == artefact_id)
    ).one_or_none()


def model_artefacts(connection: Connection, version: int) -> dict[str, bytes]:
    """Boundary -> artefact of a version; empty when there is no such version."""
    rows = connection.execute(
        select(ModelRow.boundary, ArtefactRow.artefact)
        .join(ArtefactRow, ArtefactRow.id == ModelRow.artefact_id)
        .where(ModelRow.version == version)
    )
    return {row.boundary: bytes(row.artefact) for row in rows}


def artefact_at(connection: Connection, version: int, boundary: str) -> int:
    """Id of a boundary's artefact in a version; 0 where the configured classifier decides."""
    found = connection.execute(
        select(ModelRow.artefact_id).where(
            ModelRow.version == version, ModelRow.boundary == boundary
        )
    ).scalar_one_or_none()
    return found or 0


def add_model(connection: Connection, base: int, boundary: str, artefact_id: int) -> int:
    """Add the version that is like ``base`` but for one boundary; gives its number.

    Call it with the active row locked, so that no two take one number.
    """
    newest = connection.execute(select(func.max(ModelRow.version))).scalar_one()
    version = int(newest or 0) + 1
    inherited = connection.execute(
        select(ModelRow.boundary, ModelRow.artefact_id).where(ModelRow.version == base)
    )
    artefacts = {row.boundary: row.artefact_id for row in inherited} | {boundary: artefact_id}
    connection.execute(
        insert(ModelRow),
        [
            {"version": version, "boundary": name, "artefact_id": artefact}
            for name, artefact in artefacts.items()
        ],
    )
    return version


def policies_of_other_models(boundary: str, artefact_id: int) -> Select[int]:
    """Versions of policies under which another classifier decided at a boundary.

    Confidences of two classifiers are not comparable: what was gathered under these policies says
    nothing of a threshold for this artefact (0: the configured classifier).
    """
    return (
        select(PolicyRow.version)
        .outerjoin(
            ModelRow,
            and_(ModelRow.version == PolicyRow.classifier, ModelRow.boundary == boundary),
        )
        .where(func.coalesce(ModelRow.artefact_id, 0) != artefact_id)
    )


def last_refit(connection: Connection, boundary: str) -> Any:
    """The newest comparison at a boundary, or None."""
    return connection.execute(
        select(*RefitRow.__table__.columns)
        .where(RefitRow.boundary == boundary)
        .order_by(RefitRow.k.desc())
        .limit(1)
    ).one_or_none()


def refits_against(connection: Connection, boundary: str, incumbent_id: int) -> int:
    """How many candidates were compared with an incumbent."""
    count = connection.execute(
        select(func.count())
        .select_from(RefitRow)
        .where(RefitRow.boundary == boundary, RefitRow.incumbent_id == incumbent_id)
    ).scalar_one()
    return int(count)


def add_refit(connection: Connection, **columns: Any) -> None:
    """Record a comparison, whatever came of it."""
    connection.execute(insert(RefitRow).values(**columns))
