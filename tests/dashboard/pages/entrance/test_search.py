"""The search in the header of every page."""

from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection


def test_one_hit_is_its_page(connection: Connection, viewer: Any) -> None:
    pair = put.add_exchange(connection, 1, session="chat 7")
    put.add_policy(connection, 4)
    for asked, where in (
        (str(pair), f"/pairs/{pair}"),
        ("policy 4", "/policies#policy-4"),
        ("chat 7", "/pairs?session=chat+7"),
        ("viewer", "/audit?who=viewer"),
    ):
        answer = viewer.client.get("/search", query_string={"q": asked})
        assert (answer.status_code, answer.location) == (302, where), asked


def test_a_user_is_on_the_page_of_users_for_whoever_may_see_it(logged_in: Any) -> None:
    assert logged_in("admin").get("/search?q=admin").location == "/users#user-admin"


def test_several_are_a_list(connection: Connection, viewer: Any) -> None:
    put.add_policy(connection, 1)
    alert = put.add_alert(connection, segment="a")
    put.add_policy(connection, alert + 1)
    put.add_exchange(connection, 1, session=str(alert))
    page = viewer.page(f"/search?q={alert}")
    assert "More than one page may be meant" in page
    assert f'href="/alerts/{alert}"' in page
    assert f'href="/pairs?session={alert}"' in page


def test_words_are_looked_for_in_the_texts_of_pairs(viewer: Any) -> None:
    assert viewer.get("/search?q=refund+of+boots").location == "/pairs?q=refund+of+boots"
    page = viewer.page("/search?q=refund")
    assert "Nothing is called <b" in page
    assert 'href="/pairs?q=refund"' in page


@pytest.mark.parametrize("asked", ["", "   ", "<script>", "\x00", "\u202eevil", "x" * 5000])
def test_whatever_is_typed_the_page_stays(asked: str, viewer: Any) -> None:
    answer = viewer.client.get("/search", query_string={"q": asked})
    assert answer.status_code == 200
    assert "<script>" not in answer.text.partition("<main")[2]


def test_the_form_is_in_every_header_and_needs_no_script(viewer: Any, stranger: Any) -> None:
    for path in ("/", "/audit", "/nothing"):
        page = viewer.get(path).text
        assert '<form class="search" role="search" action="/search">' in page, path
    assert 'class="search"' not in stranger.page("/login")
