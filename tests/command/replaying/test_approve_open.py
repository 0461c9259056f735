"""`--approve`: every open proposal, and nothing else."""

import factories.rows as put
import pytest
from fakes.collaborators import rows
from sqlalchemy import Engine, create_engine

from tierwatch.command.replaying.approve_open import approve_open


def test_open_proposals_are_approved_and_the_others_left(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        put.add_proposal(connection, tier="simple", state="open")
        put.add_proposal(connection, tier="standard", state="expired")
    approve_open(engine, share=0.2)
    found = {one.tier: one for one in rows(engine, "select * from proposals")}
    assert found["simple"].state != "open"
    assert found["simple"].decided_by == "--approve"
    assert found["standard"].state == "expired"
    approve_open(engine, share=0.2)  # nothing is left to approve


def test_a_database_that_is_away_is_asked_again_later(capsys: pytest.CaptureFixture[str]) -> None:
    approve_open(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), share=0.2)
    assert capsys.readouterr() == ("", "")
