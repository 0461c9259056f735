import base64
import uuid
from dataclasses import replace
from typing import Any

import pytest
from factories.rows import (
    add_exchange,
    add_pair,
    add_shadow,
    add_twin,
)
from sqlalchemy import Connection, update

from tierwatch.loop.capture.redaction.media import place_of
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.store.schema.exchanges import AlternativeTextRow
from tierwatch.store.traffic.media import MediaColumns, add_media


def test_long_answers_are_cut_with_the_whole_one_click_away(
    connection: Connection, viewer: Any
) -> None:
    pair_id = add_exchange(connection, 1, answer={"role": "assistant", "content": "é" * 200_000})
    page = viewer.page(f"/pairs/{pair_id}")
    assert "6,000 of 200,000 characters are shown" in page
    assert len(page) < 20_000
    whole = viewer.get(f"/pairs/{pair_id}/text/served")
    assert whole.text == "é" * 200_000
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert viewer.get(f"/pairs/{pair_id}/text/request").text == "[user]\nWhat is 2 + 2?"
    assert viewer.get(f"/pairs/{pair_id}/text/alternative").status_code == 404


def test_what_was_fitted_stands_with_the_arm_it_was_fitted_for(
    connection: Connection, viewer: Any
) -> None:
    done = ["thinking->reasoning_effort", "max_tokens<=<16384>"]
    pair_id = add_pair(connection, 1, fitted=done)
    page = viewer.page(f"/pairs/{pair_id}")
    assert page.count("Question fitted") == 1
    assert "thinking-&gt;reasoning_effort" in page
    assert "<16384>" not in page
    connection.exec_driver_sql("""update alternatives set fitted = '["-top_k"]'""")
    assert viewer.page(f"/pairs/{pair_id}").count("Question fitted") == 2


@pytest.mark.parametrize("preferred", ["alternative", "served", "tie"])
def test_a_twin_is_shown_as_what_it_is(connection: Connection, viewer: Any, preferred: str) -> None:
    page = viewer.page(f"/pairs/{add_twin(connection, add_pair(connection, 1), preferred)}")
    assert "compared with <b>complex</b>, the top tier" in page
    assert "misroute" not in page
    assert "overspend" not in page
    assert "would have done" not in page
    assert ("worse than the top tier" in page) is (preferred == "alternative")


def test_expired_texts_are_said_to_be_gone(connection: Connection, viewer: Any) -> None:
    pair_id = add_pair(connection, 1)
    connection.exec_driver_sql("delete from exchange_texts")
    connection.exec_driver_sql("delete from alternative_texts")
    assert viewer.page(f"/pairs/{pair_id}").count("The text is gone") == 3


KEY = bytes(range(32))
CONTENT = b"\x89PNG and the rest"


def add_sealed(connection: Connection, pair_id: uuid.UUID, media_type: str) -> str:
    """Media of a pair; gives its address."""
    text = base64.b64encode(CONTENT)
    row: MediaColumns = {
        "exchange_id": pair_id,
        "name": "abcdefgh",
        "mark": f"[IMAGE abcdefgh {len(CONTENT)} bytes]",
        "media_type": media_type,
        "size": len(CONTENT),
        "sealed": Sealer([KEY]).seal(place_of(pair_id, "abcdefgh"), text),
    }
    add_media(connection, [row])
    return f"/pairs/{pair_id}/media/abcdefgh"


@pytest.fixture
def sealer(app: Any) -> None:
    site = app.extensions["tierwatch"]
    app.extensions["tierwatch"] = replace(site, sealer=Sealer([KEY]))


@pytest.mark.usefixtures("sealer")
@pytest.mark.parametrize(
    ("media_type", "served_as", "shown"),
    [
        ("image/png", "image/png", "<img"),
        ("audio/wav", "audio/wav", "<audio"),
        ("application/pdf", "application/octet-stream", ">Save<"),
        ("image/svg+xml", "application/octet-stream", ">Save<"),
        ("text/html", "application/octet-stream", ">Save<"),
        ("", "application/octet-stream", ">Save<"),
    ],
)
def test_media_are_shown_and_never_run(
    connection: Connection, viewer: Any, media_type: str, served_as: str, shown: str
) -> None:
    pair_id = add_pair(connection, 1)
    address = add_sealed(connection, pair_id, media_type)
    page = viewer.page(f"/pairs/{pair_id}")
    assert address in page
    assert shown in page
    assert "[IMAGE abcdefgh 17 bytes]" in page
    reply = viewer.get(address)
    assert (reply.status_code, reply.data) == (200, CONTENT)
    assert reply.headers["Content-Type"] == served_as
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reply.headers["Content-Security-Policy"]
    assert reply.headers["Content-Disposition"].startswith(
        "inline" if served_as == media_type else "attachment"
    )
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("sealer")
def test_media_of_another_pair_are_not_there(connection: Connection, viewer: Any) -> None:
    pair_id, other = add_pair(connection, 1), add_pair(connection, 2)
    add_sealed(connection, pair_id, "image/png")
    assert viewer.get(f"/pairs/{other}/media/abcdefgh").status_code == 404
    assert viewer.get(f"/pairs/{pair_id}/media/zzzzzzzz").status_code == 404


def test_without_the_key_media_cannot_be_seen(connection: Connection, viewer: Any) -> None:
    pair_id = add_pair(connection, 1)
    address = add_sealed(connection, pair_id, "image/png")
    assert viewer.get(address).status_code == 404


@pytest.mark.usefixtures("sealer")
def test_a_stranger_sees_no_media(connection: Connection, stranger: Any) -> None:
    address = add_sealed(connection, add_pair(connection, 1), "image/png")
    assert stranger.get(address).status_code in {302, 401}


CALL = {"id": "c1", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}


def test_answers_are_rendered_with_the_raw_text_behind_a_key(
    connection: Connection, viewer: Any
) -> None:
    text = "**Four**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx < y\n```"
    pair_id = add_exchange(connection, 1, answer={"role": "assistant", "content": text})
    page = viewer.page(f"/pairs/{pair_id}")
    assert "<strong>Four</strong>" in page
    assert "<td>1</td>" in page
    assert "<pre><code>x &lt; y" in page
    assert "**Four**" in page[page.index("<summary>Raw text</summary>") :]


def test_words_that_differ_are_marked_on_both_sides(connection: Connection, viewer: Any) -> None:
    answer = {"role": "assistant", "content": "It is <4>."}
    pair_id = add_exchange(connection, 1, answer=answer)
    add_shadow(connection, pair_id, "It is <four>.")
    rendered = viewer.page(f"/pairs/{pair_id}")
    assert f'href="/pairs/{pair_id}?view=words#answers"' in rendered
    assert "<del>" not in rendered
    page = viewer.page(f"/pairs/{pair_id}?view=words")
    assert "It is &lt;<del>4</del>&gt;." in page
    assert "It is &lt;<ins>four</ins>&gt;." in page
    assert "of the words are in both" in page
    # A view that nobody knows is the first one.
    assert "<del>" not in viewer.page(f"/pairs/{pair_id}?view=nonsense")


def test_one_answer_is_compared_with_nothing(connection: Connection, viewer: Any) -> None:
    page = viewer.page(f"/pairs/{add_exchange(connection, 1)}?view=words")
    assert "Word differences" not in page
    assert "No shadow answer" in page


def test_calls_of_tools_are_compared_by_their_arguments(
    connection: Connection, viewer: Any
) -> None:
    answer = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    pair_id = add_exchange(connection, 1, answer=answer)
    add_shadow(connection, pair_id)
    other = CALL | {"function": {"name": "weather", "arguments": '{"city": "Bergen"}'}}
    connection.execute(
        update(AlternativeTextRow).values(answer={"role": "assistant", "tool_calls": [other]})
    )
    page = viewer.page(f"/pairs/{pair_id}")
    assert "<h2>Calls of tools</h2>" in page
    assert "differs" in page
    assert page.index(">Oslo<") < page.index(">Bergen<")


@pytest.mark.usefixtures("sealer")
def test_an_image_stands_where_it_was_sent(connection: Connection, viewer: Any) -> None:
    mark = f"[IMAGE abcdefgh {len(CONTENT)} bytes]"
    parts = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": mark}}]
    asked = {"request": {"messages": [{"role": "user", "content": parts}]}}
    pair_id = add_exchange(connection, 1, asked=asked)
    assert f"{mark}</span> is not kept" in viewer.page(f"/pairs/{pair_id}")
    address = add_sealed(connection, pair_id, "image/png")
    page = viewer.page(f"/pairs/{pair_id}")
    assert page.count(f'<img src="{address}"') == 1
    assert "More media" not in page


def test_a_pair_leads_to_the_rest_of_its_conversation(connection: Connection, viewer: Any) -> None:
    page = viewer.page(f"/pairs/{add_exchange(connection, 1, session='a&b c')}")
    assert "So the request was kept at simple." in page
    assert 'href="/pairs?session=a%26b+c"' in page
    assert 'href="/pairs?policy=1"' in page


def test_the_version_of_its_prompt_leads_to_the_other_pairs_of_it(
    connection: Connection, viewer: Any
) -> None:
    pair_id = add_pair(connection, 1, prompt_version="team/v12")
    page = viewer.page(f"/pairs/{pair_id}")
    assert '<span class="mono">team/v12</span>' in page
    assert 'href="/pairs?prompt=team/v12"' in page
    other = add_pair(connection, 2)
    assert "Prompt version" not in viewer.page(f"/pairs/{other}")
    listed = viewer.page("/pairs?prompt=team/v12")
    assert str(pair_id) in listed
    assert str(other) not in listed


def test_the_client_leads_to_the_other_pairs_of_it(connection: Connection, viewer: Any) -> None:
    pair_id = add_pair(connection, 1, client="team a")
    page = viewer.page(f"/pairs/{pair_id}")
    assert '<dt>Client</dt><dd><span dir="auto">team a</span>' in page
    assert 'href="/pairs?client=team+a"' in page
    other = add_pair(connection, 2)
    assert "<dt>Client</dt>" not in viewer.page(f"/pairs/{other}")
    listed = viewer.page("/pairs?client=team+a")
    assert str(pair_id) in listed
    assert str(other) not in listed
