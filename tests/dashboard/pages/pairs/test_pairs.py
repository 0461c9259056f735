import csv
import io
import json
from typing import Any

import pytest
from factories.rows import add_exchange, add_pair, add_twin
from sqlalchemy import Connection, text

from tierwatch.dashboard.lists import export


def test_pairs_are_filtered(connection: Connection, viewer: Any) -> None:
    misroute = add_pair(connection, 1, "alternative")
    tie = add_pair(connection, 2, "tie")
    page = viewer.page("/pairs?verdict=alternative&tier=&stage=judged&direction=up")
    assert str(misroute) in page
    assert str(tie) not in page


def test_a_wrong_word_leaves_the_page_and_the_rest_of_the_filter(
    connection: Connection, viewer: Any
) -> None:
    one = add_pair(connection, 1, tier="simple")
    two = add_pair(connection, 2, tier="standard")
    refused = viewer.get("/pairs?verdict=nonsense&tier=simple&q=what&cost=<b>")
    assert refused.status_code == 400
    page = refused.text
    assert "Verdict: accepted are served, alternative, tie, inconclusive." in page
    assert "Cost: accepted is a number of dollars, 0 or more." in page
    assert (f"/pairs/{one}" in page, f"/pairs/{two}" in page) == (True, False)
    assert 'value="&lt;b&gt;"' in page
    assert '<option value="simple" selected>' in page


def test_a_search_finds_words_and_shows_what_was_asked(connection: Connection, viewer: Any) -> None:
    one = add_exchange(connection, 1, question="Which <fruit> is this?")
    two = add_exchange(connection, 2, question="Which tree?")
    page = viewer.page("/pairs?q=fruit")
    assert (f"/pairs/{one}" in page, f"/pairs/{two}" in page) == (True, False)
    assert "Which &lt;fruit&gt; is this?" in page


def test_active_filters_are_named_and_each_can_be_removed(viewer: Any) -> None:
    page = viewer.page("/pairs?q=cats&tier=simple&session=a%26b")
    assert 'href="/pairs?session=a%26b&amp;tier=simple"' in page  # without the text
    assert 'href="/pairs?q=cats&amp;session=a%26b"' in page
    assert "a&amp;b" in page
    assert "No pairs match." in page
    assert "<details open>" in page


def test_the_next_page_keeps_filter_and_order(
    connection: Connection, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [add_exchange(connection, n, cost_usd=float(n), question="apples") for n in range(51)]
    page = viewer.page("/pairs?sort=cost&q=apples")
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    page = viewer.page(link)
    assert f"/pairs/{ids[0]}" in page
    assert f"/pairs/{ids[1]}" not in page


def test_twins_are_listed_where_they_are_asked_for(connection: Connection, viewer: Any) -> None:
    pair = add_pair(connection, 1, "tie")
    twin = add_twin(connection, pair, "alternative")
    page = viewer.page("/pairs")
    assert (f"/pairs/{pair}" in page, f"/pairs/{twin}" in page) == (True, False)
    page = viewer.page("/pairs?direction=top")
    assert (f"/pairs/{pair}" in page, f"/pairs/{twin}" in page) == (False, True)
    assert "directly" in page
    assert "misroute" not in page


def test_the_list_is_taken_away_as_a_table(
    connection: Connection, logged_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_BATCH", 2)
    ids = [add_pair(connection, n, question="=cmd()", session="+49") for n in range(5)]
    add_pair(connection, 9, tier="standard")
    reply = logged_in("reviewer").get("/pairs/export?tier=simple&format=csv")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="pairs-19700112T134640Z.csv"' in reply.headers["Content-Disposition"]
    assert reply.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(reply.data.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [str(one) for one in reversed(ids)]
    assert {(row["asked"], row["session"]) for row in rows} == {("'=cmd()", "'+49")}
    assert rows[0]["arrived_at"] == "2026-11-23T12:00:04+00:00"


def test_the_list_is_taken_away_as_lines_of_json(connection: Connection, logged_in: Any) -> None:
    pair = add_pair(connection, 1, question="=cmd()")
    reply = logged_in("reviewer").get("/pairs/export?format=jsonl&sort=cost")
    (line,) = reply.text.splitlines()
    found = json.loads(line)
    assert (found["id"], found["asked"], found["threshold"]) == (str(pair), "=cmd()", 0.7)


def test_a_file_ends_at_its_bound(
    connection: Connection, logged_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_BATCH", 2)
    monkeypatch.setattr(export, "MOST_ROWS", 4)
    for number in range(7):
        add_exchange(connection, number)
    reply = logged_in("reviewer").get("/pairs/export?format=jsonl")
    assert len(reply.text.splitlines()) == 4


def test_who_took_what_is_in_the_audit(connection: Connection, logged_in: Any) -> None:
    logged_in("reviewer").get("/pairs/export?q=cats&format=jsonl")
    line = connection.execute(text("select * from audit where action = 'pairs.exported'")).one()
    assert line.actor == "reviewer"
    assert line.detail == {"format": "jsonl", "filter_q": "cats"}


def test_viewers_take_nothing_away(connection: Connection, viewer: Any) -> None:
    add_pair(connection, 1)
    assert viewer.get("/pairs/export").status_code == 403
    assert "/pairs/export" not in viewer.page("/pairs")
    count = "select count(*) from audit where action = 'pairs.exported'"
    assert connection.execute(text(count)).scalar_one() == 0


@pytest.mark.parametrize("query", ["format=xls", "tier=nobody", "from=tomorrowish"])
def test_a_file_of_a_wrong_filter_is_refused(logged_in: Any, query: str) -> None:
    reply = logged_in("reviewer").get(f"/pairs/export?{query}")
    assert reply.status_code == 400
    assert "accepted" in reply.text


def test_the_range_narrows_the_list_and_goes_along(connection: Connection, viewer: Any) -> None:
    pair = add_pair(connection, 1)
    page = viewer.page("/pairs?from=1970-02-01&to=2026-11-25&tier=simple")
    assert f"/pairs/{pair}" in page
    assert '<input type="hidden" name="to" value="2026-11-25">' in page
    assert 'href="/pairs?from=-24h&amp;tier=simple"' in page
    assert f"/pairs/{pair}" not in viewer.page("/pairs?from=1970-02-01&to=2026-11-20")
    page = viewer.page("/pairs?from=all")
    assert f"/pairs/{pair}" in page
    assert "Clear all" not in page


def test_a_range_that_is_none_keeps_what_was_typed_and_the_filter(
    connection: Connection, viewer: Any
) -> None:
    one, two = add_pair(connection, 1), add_pair(connection, 2, tier="standard")
    wrong = viewer.get("/pairs?from=soon&to=-1h&tier=simple")
    assert wrong.status_code == 400
    assert (f"/pairs/{one}" in wrong.text, f"/pairs/{two}" in wrong.text) == (True, False)
    for said in ("From: found &#39;soon&#39;", 'value="soon"', "Shown instead: all until"):
        assert said in wrong.text, said
