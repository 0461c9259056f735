import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.loop.compare.review import shown_first
from tierwatch.store.labels.labels import add_label
from tierwatch.store.labels.second_labels import is_drawn

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
    for word in ("simple", "standard", "small-1", "alternative", "served", "judge", "0.9"):
        assert word not in main.lower(), word
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


def test_the_first_label_stands(connection: Connection, reviewer: Any, pair: uuid.UUID) -> None:
    for said in ("first", "tie"):
        reviewer.send(f"/review/{pair}", form_on=f"/review/{pair}", said=said)
    assert connection.execute(text("select count(*) from labels")).scalar_one() == 1
    assert "first label stands" in reviewer.page("/review")


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


def test_a_second_person_is_shown_a_drawn_pair_blind(
    connection: Connection, logged_in: Any
) -> None:
    pair = None
    while pair is None or not is_drawn(connection, pair):
        pair = put.add_pair(connection, 7, "alternative")
    put.add_outcome(connection, 7, 1.0, exchange_id=pair)
    first, second = logged_in("reviewer"), logged_in("approver")
    first.send(f"/review/{pair}", form_on=f"/review/{pair}", said="first", note="very bad")
    assert first.get("/review/next").headers["Location"] == "/review"
    assert second.get("/review/next").headers["Location"] == f"/review/{pair}"
    page = second.page(f"/review/{pair}")
    # Neither that there is a label, nor whose, nor what it says; the audit does not tell either.
    for word in ("reviewer", "very bad", "second label"):
        assert word not in page[page.index("<main") :].lower()
    told = connection.execute(
        text("select detail::text from audit where action = 'pair.labelled'")
    ).scalar_one()
    assert "served" not in told
    assert "alternative" not in told
    second.send(f"/review/{pair}", form_on=f"/review/{pair}", said="tie")
    assert second.get("/review/next").headers["Location"] == "/review"
    names = connection.execute(text("select reviewer from labels order by 1")).scalars().all()
    assert names == ["approver", "reviewer"]


def test_words_that_differ_are_shown_as_blind_as_the_answers(reviewer: Any, pair: Any) -> None:
    page = reviewer.page(f"/review/{pair}?view=words")
    main = page[page.index("<main") :]
    assert "<del>" in main
    assert "<ins>" in main
    for word in ("simple", "standard", "small-1", "alternative", "served", "judge", "0.9"):
        assert word not in main.lower(), word


def _labels(connection: Connection) -> int:
    return int(connection.execute(text("select count(*) from labels")).scalar_one())


def test_a_label_is_taken_back_and_given_again(
    connection: Connection, reviewer: Any, pair: uuid.UUID
) -> None:
    other = put.add_pair(connection, 8)
    put.add_outcome(connection, 8, 0.0, exchange_id=other)
    reviewer.send(f"/review/{pair}", form_on=f"/review/{pair}", said="first", note="my <note>")
    assert f'action="/review/{pair}/withdraw"' in reviewer.page(f"/review/{other}")
    again = reviewer.send(f"/review/{pair}/withdraw", form_on=f"/review/{other}")
    assert again.status_code == 200
    assert "is taken back" in again.text
    assert 'value="my &lt;note&gt;"' in again.text
    assert _labels(connection) == 0
    reviewer.send(f"/review/{pair}", form_on=f"/review/{pair}", said="tie")
    said = connection.execute(text("select preferred from labels")).scalar_one()
    assert said == "tie"
    done = connection.execute(text("select action from audit where subject = :pair order by id"),
                              {"pair": f"pair/{pair}"}).scalars().all()  # fmt: skip
    assert done == ["pair.labelled", "pair.label_withdrawn", "pair.labelled"]


@pytest.mark.parametrize("why", ["nobody's", "old", "followed"])
def test_a_label_that_others_rest_on_stays(
    connection: Connection, reviewer: Any, pair: uuid.UUID, why: str
) -> None:
    insert = (
        "insert into labels (exchange_id, reviewer, preferred, shown_first, note, created_at)"
        " values (:pair, :who, 'tie', 'served', '', now() - make_interval(mins => :ago))"
    )
    rows = {
        "nobody's": [("approver", 1)],
        "old": [("reviewer", 11)],
        "followed": [("reviewer", 5), ("approver", 1)],
    }[why]
    for who, ago in rows:
        connection.execute(text(insert), {"pair": pair, "who": who, "ago": ago})
    sent = reviewer.send(f"/review/{pair}/withdraw", form_on=f"/review/{pair}")
    assert sent.status_code == 302
    assert "A label can be taken back for 10 minutes" in reviewer.page("/review")
    assert _labels(connection) == len(rows)


def test_a_skipped_pair_comes_back_after_the_others(
    connection: Connection, reviewer: Any, pair: uuid.UUID
) -> None:
    for number in (8, 9):
        other = put.add_pair(connection, number)
        put.add_outcome(connection, number, 0.0, exchange_id=other)
    seen = [reviewer.get("/review/next").headers["Location"]]
    for _ in range(3):
        page = reviewer.page(seen[-1])
        link = page.split("Skip for now</a>")[0].rsplit('href="', 1)[1].split('"')[0]
        seen.append(reviewer.get(link).headers["Location"])
    assert len(set(seen[:3])) == 3
    assert seen[3] == seen[0]


def test_the_only_pair_left_cannot_be_skipped_for_another(reviewer: Any, pair: uuid.UUID) -> None:
    sent = reviewer.get(f"/review/next?after={pair}")
    assert sent.headers["Location"] == f"/review/{pair}"
    assert "the only pair left" in reviewer.page(f"/review/{pair}")
    assert reviewer.get("/review/next?after=nonsense").headers["Location"] == f"/review/{pair}"


def test_every_choice_has_a_key(reviewer: Any, pair: uuid.UUID) -> None:
    page = reviewer.page(f"/review/{pair}")
    for key in "123s":
        assert page.count(f'accesskey="{key}"') == 1


def test_viewers_take_no_label_back(viewer: Any, pair: uuid.UUID) -> None:
    assert viewer.send(f"/review/{pair}/withdraw", form_on="/sessions").status_code == 403


def test_what_was_thought_gives_no_answer_away(connection: Connection, reviewer: Any) -> None:
    answer = {"role": "assistant", "content": "4", "reasoning_content": "hm, hm"}
    found = put.add_exchange(connection, 7, answer=answer)
    put.add_shadow(connection, found)
    page = reviewer.page(f"/review/{found}")
    assert "Thinking" not in page
    assert "hm, hm" not in page


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "thinking", "thinking": "hm, hm"}, {"type": "text", "text": "It is 4."}],
        [{"type": "reasoning", "text": "hm, hm"}, {"type": "text", "text": "It is 4."}],
        [{"type": "redacted_thinking", "data": "hm, hm"}, {"type": "text", "text": "It is 4."}],
        "<think>hm, hm</think>It is 4.",
    ],
)
def test_no_view_of_an_answer_shows_that_it_was_thought_over(
    connection: Connection, reviewer: Any, content: Any
) -> None:
    """Rendered, as it is stored, word by word, and as a text of its own."""
    answer = {"role": "assistant", "content": content}
    found = put.add_exchange(connection, 7, answer=answer)
    put.add_shadow(connection, found, "It is five.")
    which = "first" if shown_first(found, "reviewer") == "served" else "second"
    for path in ("", "?view=words", f"/text/{which}"):
        page = reviewer.get(f"/review/{found}{path}").text
        assert "4" in page
        for word in ("hm, hm", "thinking", "reasoning", "think&gt;", "<think"):
            assert word not in page.lower(), (path, word)


def two_tiers(connection: Connection) -> dict[str, uuid.UUID]:
    """A tier with a label of one of its pairs, one without any."""
    for number in range(20, 30):
        found = put.add_pair(connection, number, "tie")
        put.add_outcome(connection, number, 0.0, exchange_id=found)
    add_label(connection, found, reviewer="ada", preferred="tie", shown_first="served", note="")
    bare = put.add_pair(connection, 30, "tie", tier="standard")
    put.add_outcome(connection, 30, 0.0, tier="standard", exchange_id=bare)
    return {"labelled": found, "bare": bare}


def test_the_next_pair_is_of_the_tier_that_a_label_narrows_most(
    connection: Connection, reviewer: Any
) -> None:
    bare = two_tiers(connection)["bare"]
    assert reviewer.get("/review/next").headers["Location"] == f"/review/{bare}"
    assert reviewer.get("/review/next?order=narrows").headers["Location"] == (
        f"/review/{bare}?order=narrows"
    )
    page = reviewer.page(f"/review/{bare}")
    assert "from the tier whose rate one more label narrows most" in page
    main = page[page.index("<main") :].lower()
    for word in ("simple", "standard", "small-1", "alternative", "served", "judge"):
        assert word not in main, word


def test_the_order_that_was_chosen_stays_from_pair_to_pair(
    connection: Connection, reviewer: Any
) -> None:
    two_tiers(connection)
    where = reviewer.get("/review/next?order=random").headers["Location"]
    assert where.endswith("?order=random")
    page = reviewer.page(where)
    assert "from all tiers alike" in page
    assert "narrows most, so that" not in page
    skip = page.split("Skip for now</a>")[0].rsplit('href="', 1)[1].split('"')[0]
    assert "order=random" in skip
    sent = reviewer.send(where, form_on=where, said="tie")
    assert sent.headers["Location"] == "/review/next?order=random"
    back = where.replace("?", "/withdraw?")
    again = reviewer.send(back, form_on=reviewer.get("/review/next").headers["Location"])
    assert "is taken back" in again.text
    assert "from all tiers alike" in again.text


def test_another_order_is_not_accepted(reviewer: Any, pair: uuid.UUID) -> None:
    for path in (f"/review/{pair}?order=best", "/review/next?order=best"):
        sent = reviewer.get(path)
        assert sent.status_code == 400
        assert "accepted are narrows, random" in sent.text
