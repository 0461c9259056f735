"""Pages of the evidence: blind labels, the judge's standing, parts of a change, a replay."""

import re
import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.evaluation.alarms.attribution import Cell, attribute
from tierwatch.evaluation.thresholds.counterfactual import BoundaryOutcomes, replay_policy
from tierwatch.loop.compare.review import shown_first
from tierwatch.loop.improve.replay_policy import replay_document
from tierwatch.store.alerts import put_attribution
from tierwatch.store.certificates import add_certificate
from tierwatch.store.evidence.labels import add_label

SERVED, ALTERNATIVE = "Bonjour <b>tout</b> le monde", "Guten Tag"


@pytest.fixture
def pair(connection: Connection) -> uuid.UUID:
    """A judged pair: the judge preferred the alternative."""
    answer = {"role": "assistant", "content": SERVED}
    found = put.add_exchange(connection, 7, question="Greet everyone.", answer=answer)
    put.add_shadow(connection, found, ALTERNATIVE)
    put.add_verdict(connection, found, "alternative")
    put.add_outcome(connection, 7, 1.0, exchange_id=found)
    return found


@pytest.fixture
def reviewer(logged_in: Any) -> Any:
    return logged_in("reviewer")


def test_a_pair_is_shown_blind_and_as_text(reviewer: Any, pair: uuid.UUID) -> None:
    where = reviewer.get("/review/next")
    assert where.headers["Location"] == f"/review/{pair}"
    page = reviewer.page(f"/review/{pair}")
    assert "Greet everyone." in page
    assert "Bonjour &lt;b&gt;tout&lt;/b&gt; le monde" in page
    assert ALTERNATIVE in page
    main = page[page.index("<main") :]
    for told in ("simple", "standard", "small-1", "alternative", "served", "judge", "0.9"):
        assert told not in main.lower(), told
    first = SERVED if shown_first(pair, "reviewer") == "served" else ALTERNATIVE
    shown = reviewer.get(f"/review/{pair}/text/first").text
    assert shown == first


@pytest.mark.parametrize("said", ["first", "second", "tie"])
def test_a_label_is_kept_and_the_next_pair_follows(
    connection: Connection, reviewer: Any, pair: uuid.UUID, said: str
) -> None:
    sent = reviewer.send(
        f"/review/{pair}", form_on=f"/review/{pair}", said=said, note="ask ann@example.com"
    )
    assert sent.headers["Location"] == "/review/next"
    row = connection.execute(text("select * from labels")).one()
    first = shown_first(pair, "reviewer")
    other = "alternative" if first == "served" else "served"
    assert row.preferred == {"first": first, "second": other, "tie": "tie"}[said]
    assert (row.reviewer, row.shown_first) == ("reviewer", first)
    assert row.note == "ask [EMAIL]"
    again = reviewer.get("/review/next")
    assert again.headers["Location"] == "/review"
    assert "no pair left" in reviewer.page("/review")


def test_the_first_word_stands(connection: Connection, reviewer: Any, pair: uuid.UUID) -> None:
    for said in ("first", "tie"):
        reviewer.send(f"/review/{pair}", form_on=f"/review/{pair}", said=said)
    assert connection.execute(text("select count(*) from labels")).scalar_one() == 1
    assert "first word stands" in reviewer.page("/review")


def test_another_word_is_refused_and_the_note_is_not_lost(reviewer: Any, pair: uuid.UUID) -> None:
    sent = reviewer.send(f"/review/{pair}", form_on=f"/review/{pair}", said="best", note="my note")
    assert sent.status_code == 400
    assert "A label is first, second or tie" in sent.text
    assert "my note" in sent.text


def test_viewers_may_not_label(connection: Connection, viewer: Any, pair: uuid.UUID) -> None:
    assert viewer.get("/review/next").status_code == 403
    assert viewer.get(f"/review/{pair}").status_code == 403
    assert "Label the next pair" not in viewer.page("/review")
    assert connection.execute(text("select count(*) from labels")).scalar_one() == 0


@pytest.mark.parametrize("path", ["/review/{}", "/review/{}/text/first", "/review/{}/text/request"])
def test_a_pair_that_is_not_there_is_said_to_be_gone(reviewer: Any, path: str) -> None:
    assert reviewer.get(path.format(uuid.uuid4())).status_code == 404


def test_the_judge_page_shows_what_labels_and_anchors_tell(
    connection: Connection, reviewer: Any, pair: uuid.UUID
) -> None:
    add_label(
        connection, pair, reviewer="ada", preferred="alternative", shown_first="served", note=""
    )
    page = reviewer.page("/judge")
    assert "Too weak to certify the tolerance of simple" in page
    assert "1 of 1 pairs have a label" in page
    assert re.search(r"Calls truly worse answers worse.*?100.0 %", page, re.DOTALL)
    assert "None yet." in page  # no certificate


def test_the_judge_page_shows_the_certificate_with_its_date(
    connection: Connection, viewer: Any
) -> None:
    row = {
        "bar": "D1",
        "recipe": "no change",
        "measure": "runs with a false alarm",
        "value": 0.0065,
        "low": 0.003,
        "high": 0.011,
        "limit": 0.0155,
        "at_least": False,
        "runs": 2_000,
        "others": "daily z-test 46 %",
        "verdict": "holds",
    }
    rows = [row, row | {"bar": "D2", "verdict": "fails"}]
    add_certificate(connection, quick=True, version="0.1.0", seconds=171.2, rows=rows)
    page = viewer.page("/judge")
    assert "1 of 2 bars hold" in page
    assert "1 fail" in page
    assert "a quick run with wide error bars" in page
    assert "daily z-test 46 %" in page
    assert "UTC on tierwatch 0.1.0" in page


def test_the_alert_page_shows_the_parts_and_the_segments_that_moved(
    connection: Connection, viewer: Any
) -> None:
    alert_id = put.add_alert(connection)
    assert "is being looked into" in viewer.page(f"/alerts/{alert_id}")
    cells = {"simple/all/0.8-0.9": Cell(400, 400.0, 400.0, 20.0)}
    found = attribute(cells, {"simple/all/0.8-0.9": Cell(200, 200.0, 200.0, 100.0)})
    put_attribution(connection, alert_id, found.to_json())
    page = viewer.page(f"/alerts/{alert_id}")
    assert "is being looked into" not in page
    assert found.sentence.split(";")[0] in page
    assert "What the change is made of" in page
    assert "simple/all/0.8-0.9" in page
    assert "+45.0 %" in page


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
    assert "the bound is 0.07." in page
    assert "Replayed on past pairs" in page
    # 60 of 120 move up: 120 of cost now, 60 + 180 then.
    assert "+100.0 %" in page
    thin = replay_policy({"simple": pairs}, {"simple": 0.7}, {"simple": 0.2})
    evidence["replay"] = replay_document(thin)
    refused = put.add_proposal(connection, tier="standard", evidence=evidence)
    connection.execute(text("update proposals set tier = 'simple', state = 'expired'"))
    assert "Not enough pairs where it would decide otherwise" in viewer.page(
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
    assert "Change of its cost" in page
    assert "whole cost" not in page


def test_a_proposed_model_is_told_from_a_threshold_with_its_evidence_in_words(
    viewer: Any, connection: Connection
) -> None:
    gain = {"value": 0.123, "low": 0.045, "high": 0.201, "n": 300, "method": "paired t"}
    evidence = {
        "alpha": 0.05,
        "delta": 0.025,
        "kept_now": put.estimate(0.09),
        "judge_version": put.JUDGE,
        "reason": "at 0.8 the bound is too high",
        "held_out": {"pairs": 300, "conversations": 280.4},
        "log_loss": {"incumbent": 0.9, "candidate": 0.777, "gain": gain},
        "apgr": {
            "incumbent": None,
            "candidate": None,
            "gain": {"value": None, "low": -1, "high": 1, "n": 0, "method": "not defined"},
        },
        "misroute_change": put.estimate(-0.02),
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
        "It has learned 1,234 pairs, the model in force 56.",
        "+0.123",
        "+0.045 to +0.201",
        "not defined",
        "280 effective conversations",
        "Offsets of task types",
        'sql-table</td><td class="r">+0.42</td><td class="r">-0.07',
        "better than the model in force",
    ):
        assert words in page
    assert "step in the safe direction" not in page
    assert f"#{proposal} model" in viewer.page("/proposals")
