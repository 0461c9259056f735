"""Both judges are asked the anchors once, and a change of who is asked is said once."""

import pytest
from factories.evalsets import TruthfulJudge
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.evalsets import Anchor, Evalset
from tierwatch.judges.cheap_first import CheapFirst
from tierwatch.loop.compare.first_judge import stands_first
from tierwatch.loop.watch.judge.first_judge import weigh_first_judge

ANCHORS = Evalset(
    "anchors/many",
    tuple(
        Anchor(
            id=f"anchor-{n:03d}", kind="math", trait="plain", prompt=f"What is {n % 40} + 1?",
            a="some", b="other", verdict="b" if n % 40 < 20 else "tie", why="",
        )
        for n in range(160)
    ),
)  # fmt: skip


@pytest.fixture
def strong() -> TruthfulJudge:
    judge = TruthfulJudge()
    judge.version = "strong"
    return judge


@pytest.fixture
def cheap() -> TruthfulJudge:
    judge = TruthfulJudge()
    judge.version = "cheap"
    return judge


def run(engine: Engine, cheap: TruthfulJudge, strong: TruthfulJudge) -> bool:
    together = CheapFirst(cheap, strong)
    weigh_first_judge(engine=engine, alone=strong, together=together, anchors=ANCHORS)
    with engine.connect() as connection:
        return stands_first(connection, together.version)


def test_both_are_asked_once_and_the_cheap_one_stands(
    engine: Engine, cheap: TruthfulJudge, strong: TruthfulJudge
) -> None:
    cheap.changed = lambda number: "inconclusive" if number % 4 == 0 else None
    assert run(engine, cheap, strong)
    assert (cheap.asked, strong.asked) == (160, 160 + 40)
    assert run(engine, cheap, strong)
    assert (cheap.asked, strong.asked) == (160, 200)
    found = rows(engine, "select action, subject from audit")
    assert [tuple(row) for row in found] == [("judge.first_asked", "judge/cheap then strong")]
    asked = "select count(*) from anchor_verdicts where jsonb_array_length(asked) = 2"
    assert scalar(engine, asked) == 40
    assert scalar(engine, "select count(*) from evalset_runs where why = 'first judge'") == 2


def test_one_that_is_wrong_in_both_orders_alike_is_refused_with_a_reason(
    engine: Engine, cheap: TruthfulJudge, strong: TruthfulJudge
) -> None:
    cheap.changed = lambda number: "served" if number % 4 == 0 else None
    assert not run(engine, cheap, strong)
    assert scalar(engine, "select action from audit") == "judge.first_refused"
    assert scalar(engine, "select detail ->> 'together_right' from audit") == "120"


def test_while_one_is_away_the_strong_one_is_asked_alone(
    engine: Engine, cheap: TruthfulJudge, strong: TruthfulJudge
) -> None:
    cheap.fails = 160
    assert not run(engine, cheap, strong)
    assert scalar(engine, "select count(*) from audit") == 0
    with engine.begin() as connection:  # its hold is over
        connection.execute(text("update evalset_runs set until = now() - interval '1 s'"))
    assert run(engine, cheap, strong)


def test_nothing_is_asked_once_the_budget_is_spent(
    engine: Engine, cheap: TruthfulJudge, strong: TruthfulJudge
) -> None:
    weigh_first_judge(
        engine=engine,
        alone=strong,
        together=CheapFirst(cheap, strong),
        anchors=ANCHORS,
        budget_usd_per_day=0.0,
    )
    assert (cheap.asked, strong.asked) == (0, 0)
