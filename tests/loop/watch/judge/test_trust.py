"""One alert when the judge is trusted no more; its end when it is again, or is asked no more."""

import factories.rows as put
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.judge.trust import watch_trust
from tierwatch.loop.watch.resolve import Present, resolve_over


def weigh(engine: Engine, right: int) -> None:
    with engine.begin() as connection:
        put.add_anchors(connection, right, 408)
    watch_trust(engine=engine, judge_version=put.JUDGE)


def over(engine: Engine, judge: str = put.JUDGE) -> int:
    present = Present(judge_version=judge, models={}, max_weight=1.0)
    return resolve_over(engine=engine, present=present, now=put.NOW)


def alerts(engine: Engine) -> list[tuple[str, str]]:
    found = rows(engine, "select kind, state from alerts order by id")
    return [(row.kind, row.state) for row in found]


def test_without_anchors_and_with_a_good_judge_nothing_is_said(engine: Engine) -> None:
    watch_trust(engine=engine, judge_version=put.JUDGE)
    weigh(engine, 300)
    assert alerts(engine) == []
    assert scalar(engine, "select count(*) from audit") == 0


def test_one_alert_and_not_one_a_run(engine: Engine) -> None:
    for _ in range(3):
        weigh(engine, 102)
    assert alerts(engine) == [("not_trusted", "open")]
    assert scalar(engine, "select summary like 'NOT TRUSTED: %' from alerts")
    assert scalar(engine, "select body ->> 'severity' from alert_events") == "critical"
    assert scalar(engine, "select count(*) from audit where action = 'judge.not_trusted'") == 1
    assert over(engine) == 0


def test_a_person_who_resolves_it_does_not_make_the_judge_trusted(engine: Engine) -> None:
    weigh(engine, 102)
    with engine.begin() as connection:
        resolve_alert(connection, scalar(engine, "select id from alerts"), actor="ada")
    weigh(engine, 102)
    assert alerts(engine) == [("not_trusted", "resolved")]
    assert scalar(engine, "select alarmed from monitors where kind = 'trust'")


def test_it_ends_when_the_judge_is_right_again_or_is_another_one(engine: Engine) -> None:
    weigh(engine, 102)
    weigh(engine, 230)  # neither shown
    assert over(engine) == 0
    weigh(engine, 300)
    assert over(engine) == 1
    assert "right on 300 of 408" in scalar(engine, "select resolution ->> 'why' from alerts")
    weigh(engine, 102)
    assert over(engine, "another judge") == 1
    assert alerts(engine) == [("not_trusted", "resolved")] * 2
