"""How far people agree, as the API says it: what the page shows."""

from collections.abc import Callable
from typing import Any

from factories.rows import add_outcome, add_pair
from sqlalchemy import Connection

from tierwatch.store.labels.labels import add_label
from tierwatch.store.labels.second_labels import is_drawn

Bearer = Callable[[str], dict[str, str]]


def test_before_any_label_everything_is_unknown(client: Any, bearer: Bearer) -> None:
    found = client.get("/api/v1/review", headers=bearer("viewer")).json
    assert (found["labelled"], found["judged"], found["twice"], found["needed"]) == (0, 0, 0, 20)
    assert found["slips"]["value"] is None
    assert (found["reviewers"], found["queue"]) == ([], [])
    assert not found["measured"]
    assert found["sentence"].startswith("Slips of people are not measured")


def test_two_labels_of_a_drawn_pair_are_counted(
    client: Any, bearer: Bearer, connection: Connection
) -> None:
    drawn = None
    for number in range(400):
        pair = add_pair(connection, number, "alternative")
        if is_drawn(connection, pair):
            drawn = pair
            add_outcome(connection, number, 1.0, exchange_id=pair)
            break
    assert drawn is not None
    for who, said in (("ada", "alternative"), ("bob", "tie")):
        add_label(connection, drawn, reviewer=who, preferred=said, shown_first="served", note="")
    found = client.get("/api/v1/review", headers=bearer("viewer")).json
    assert (found["labelled"], found["drawn"], found["twice"], found["disagreed"]) == (1, 1, 1, 1)
    assert found["with_judge"]["value"] == 1.0
    assert found["same_word"]["value"] == 0.0
    assert [one["name"] for one in found["reviewers"]] == ["ada", "bob"]
    assert found["reviewers"][0]["said"] == {"worse": 1, "tie": 0, "better": 0}


def test_the_queue_is_what_the_page_shows(
    client: Any, bearer: Bearer, connection: Connection
) -> None:
    for number in range(30):
        add_outcome(connection, number, 0.0, exchange_id=add_pair(connection, number, "tie"))
    [need] = client.get("/api/v1/review", headers=bearer("viewer")).json["queue"]
    assert (need["tier"], need["labels"], need["width"]) == ("simple", 0, 1.0)
    assert need["narrows"] > 0
    assert 1 <= need["more"] <= 30


def test_it_takes_a_token(client: Any) -> None:
    assert client.get("/api/v1/review").status_code == 401
