"""A watched router's change: the same diff on page, paper and API, and whose turn it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from factories.watched import JSON, LITELLM, WATCHED
from flask import Flask
from sqlalchemy import Connection

from tierwatch.config import Config, load_config
from tierwatch.dashboard.reports.proposal_words import ProposalWords
from tierwatch.dashboard.reports.router_change import RouterChangeShown, router_change, with_router
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.foreign.hand_over import Watched
from tierwatch.store.proposals import load_proposal
from tierwatch.store.watched.router_changes import put_applied, put_over, put_try, put_undo

REMOVED = '-{"simple": 0.7, "standard": 0.7}'
ADDED = '+{"simple": 0.8, "standard": 0.7}'


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    """With a router that is only watched, whose file is router.json."""
    (tmp_path / "router.json").write_text(JSON.text)
    path = Path(config.path)
    path.write_text(path.read_text() + "watch: {router: {kind: json, file: router.json}}\n")
    return load_config(path)


def shown(connection: Connection, made: int, watched: Watched | None) -> RouterChangeShown | None:
    proposal = load_proposal(connection, made)
    assert proposal is not None
    return router_change(connection, proposal, watched)


def said(connection: Connection, made: int, watched: Watched | None = WATCHED) -> RouterChangeShown:
    found = shown(connection, made, watched)
    assert found is not None
    return found


def approved(connection: Connection, watched: Watched = WATCHED) -> int:
    made = put.add_proposal(connection)
    approve_proposal(connection, made, actor="ada", why="good", watched=watched)
    return made


def test_without_a_watched_router_there_is_none(connection: Connection, policy: None) -> None:
    assert shown(connection, put.add_proposal(connection), None) is None
    rejected = put.add_proposal(connection, state="rejected")
    assert shown(connection, rejected, WATCHED) is None


def test_an_open_proposal_has_its_diff_or_why_there_is_none(
    connection: Connection, policy: None
) -> None:
    found = said(connection, put.add_proposal(connection))
    assert (found.state, found.file, found.next) == ("proposed", "config.yaml", "")
    assert "-  simple_medium: 0.3\n+  simple_medium: 0.2\n" in found.diff
    assert "a person applies it" in found.says
    typed = said(connection, put.add_proposal(connection, task_type="code"))
    assert typed.diff == ""
    assert "There is no diff" in typed.says


def test_each_state_says_whose_turn_it_is(connection: Connection, policy: None) -> None:
    made = approved(connection, Watched(LITELLM, webhook=True))
    assert "asked within seconds" in said(connection, made, None).says
    put_try(connection, made, "HTTP 500", again_in_s=60)
    assert "asked once, and last said: HTTP 500; it is asked again" in said(connection, made).says
    put_try(connection, made, "HTTP 422", again_in_s=None)
    assert said(connection, made).says.endswith("asked 2 times, and last said: HTTP 422.")
    assert said(connection, made).next == "applied"
    put_applied(connection, made, by="webhook")
    assert "as said by webhook" in said(connection, made).says
    assert said(connection, made).next == ""
    put_undo(connection, made)
    assert "apply the second diff" in said(connection, made).says
    assert said(connection, made).next == "undone"
    put_over(connection, made)
    assert said(connection, made).says.startswith("Over:")


def test_its_end_and_its_undoing_are_those_of_its_router() -> None:
    words = ProposalWords("", "", "", "", "Approved, it is tried. It completes by itself.", "undo")
    assert with_router(words, None) == words
    change = RouterChangeShown("smart", "c.yaml", "waiting", "", "", "d", "u", "applied")
    changed = with_router(words, change)
    assert changed.ends == (
        "Approved, it waits until smart runs with it; then all its requests are watched."
        " It completes by itself."
    )
    assert changed.undo.startswith("Apply the second diff to c.yaml.")


def test_the_page_leads_from_the_diff_to_watching(
    connection: Connection, approver: Any, viewer: Any, policy: None
) -> None:
    address = f"/proposals/{put.add_proposal(connection)}"
    page = approver.page(address)
    for words in ("Change of router.json", "&#34;simple&#34;: 0.8", "asks for the change above"):
        assert words in page, words
    assert "It runs with it" not in page
    assert approver.send(f"{address}/approve", form_on=address, why="good").status_code == 302
    assert "It runs with it" in approver.page(address)
    assert "needs the role approver" in viewer.page(address)
    settle = f"{address}/router/applied"
    assert approver.send(settle, form_on=address).status_code == 302
    page = approver.page(address)
    assert "Applied" in page
    assert "Rollout of policy 2" in page
    refused = approver.send(settle, form_on="/sessions")
    assert refused.status_code == 409
    assert "applied already" in refused.text


def test_the_way_back_is_asked_for_on_the_page(
    connection: Connection, approver: Any, policy: None
) -> None:
    address = f"/proposals/{put.add_proposal(connection)}"
    approver.send(f"{address}/approve", form_on=address, why="good")
    approver.send(f"{address}/router/applied", form_on=address)
    approver.send("/rollouts/2/abort", form_on="/rollouts/2", why="worse")
    assert "It is taken back" in approver.page(address)
    assert approver.send(f"{address}/router/undone", form_on=address).status_code == 302
    assert "Undone" in approver.page(address)


def test_nothing_is_moved_here_by_hand(connection: Connection, approver: Any, policy: None) -> None:
    put.add_policy(connection, 2, simple=0.9)
    refused = approver.send("/policies/2/rollback", form_on="/sessions", why="back")
    assert refused.status_code == 409
    assert "which is only watched" in refused.text
    alert = put.add_alert(connection)
    up = approver.send(f"/alerts/{alert}/send-up", form_on="/sessions", why="bad", lasting="4h")
    assert up.status_code == 409


def test_paper_and_markdown_have_both_diffs(
    connection: Connection, viewer: Any, policy: None
) -> None:
    address = f"/proposals/{put.add_proposal(connection)}/report"
    assert "Change of router.json" in viewer.page(address)
    text = viewer.page(f"{address}.md")
    assert (
        f"```diff\n--- a/router.json\n+++ b/router.json\n@@ -1 +1 @@\n{REMOVED}\n{ADDED}\n```"
        in text
    )
    section = next(
        one for one in viewer.get(f"{address}.json").get_json()["sections"] if one["diffs"]
    )
    assert ADDED in section["diffs"][0]
    assert len(section["diffs"]) == 2


def test_the_api_shows_and_settles_it(
    app: Flask, connection: Connection, bearer: Callable[[str], dict[str, str]], policy: None
) -> None:
    client, headers = app.test_client(), bearer("approver")
    address = f"/api/v1/proposals/{put.add_proposal(connection)}"
    found = client.get(address, headers=headers).get_json()["router_change"]
    assert (found["state"], found["file"]) == ("proposed", "router.json")
    assert ADDED in found["diff"]
    early = client.post(f"{address}/router/applied", headers=headers)
    assert early.status_code == 409
    done = client.post(f"{address}/approve", headers=headers, json={"why": "good"})
    assert done.get_json()["router_change"]["state"] == "waiting"
    applied = client.post(f"{address}/router/applied", headers=headers).get_json()
    assert (applied["state"], applied["router_change"]["state"]) == ("rolling_out", "applied")
    assert client.post(f"{address}/router/undone", headers=headers).status_code == 409
    assert client.post("/api/v1/proposals/99/router/applied", headers=headers).status_code == 404
