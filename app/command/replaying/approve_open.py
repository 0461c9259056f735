"""`--approve`: accept each proposal as it appears, as a person in a hurry would."""

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.terminal import say
from tierwatch.errors import ConflictError
from tierwatch.loop.decide.approve import approve_proposal


def approve_open(engine: Engine, *, share: float) -> None:
    """Approve every open proposal for a rollout to ``share`` of sessions.

    One that cannot be approved now is said and left; a database that is away is asked again later.
    """
    try:
        with engine.begin() as connection:
            found = connection.execute(text("select id from proposals where state = 'open'"))
            for proposal_id in [row.id for row in found]:
                try:
                    approve_proposal(
                        connection,
                        proposal_id,
                        actor="--approve",
                        why="accepted as it appeared",
                        share=share,
                    )
                except ConflictError as problem:
                    say(str(problem))
    except SQLAlchemyError:
        return
