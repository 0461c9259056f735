"""Text of other people on every page: markup, control characters, other directions, no end."""

from collections.abc import Callable
from typing import Any

import factories.evidence as stored
import pytest
from factories.rows import (
    NOW,
    add_alert,
    add_audit_line,
    add_exchange,
    add_failure,
    add_outcome,
    add_proposal,
    add_shadow,
    add_verdict,
    put_in_force,
)
from sqlalchemy import Connection, insert

from tierwatch.store.certificates import add_certificate
from tierwatch.store.schema.checks import EvalsetRunRow
from tierwatch.store.schema.policies import PolicyRow

TEXTS = {
    "markup": """<script>alert("x")</script>'"><img src=x onerror=alert(1)>""",
    "template": "{{ 7 * 7 }}{% raw %}{# #}",
    "right to left": "\u0634\u0643\u0631\u0627 \u202e\u2066evil\u2069",
    "emoji and marks": "\U0001f469\u200d\U0001f680 e\u0301\u0301\u0301 \ufeff",
    "without end": "x" * 5_000,
    "blank": " \t\n ",
    "empty": "",
}


@pytest.fixture(params=TEXTS.values(), ids=TEXTS.keys())
def hostile(request: pytest.FixtureRequest) -> str:
    """One of `TEXTS`, wherever somebody else writes."""
    return str(request.param)


@pytest.fixture
def paths(connection: Connection, hostile: str) -> list[str]:
    """Every page, with the text in every column of text that it shows."""
    said = [{"order": hostile, "preferred": hostile, "reason": hostile, "raw": hostile}]
    pair = add_exchange(
        connection, 1, question=hostile, answer={"role": hostile, "content": hostile},
        session=hostile, model=hostile, reason=hostile, label=hostile, task_type=hostile,
    )  # fmt: skip
    add_shadow(connection, pair, hostile)
    add_verdict(connection, pair, "alternative", reason=hostile, basis=hostile, orders=said)
    add_outcome(connection, 1, 1.0, exchange_id=pair)
    unscored = add_exchange(connection, 2)
    add_verdict(connection, unscored, None, unscored_why=hostile)
    add_failure(connection, add_exchange(connection, 3), hostile)
    notice = {"destination": hostile, "ok": False, "detail": hostile}
    alert = add_alert(
        connection, summary=hostile, segment=hostile, tier=hostile,
        evidence={"stream": hostile, "judge_version": hostile,
                  "worst": [{"pair": str(pair), "confidence": 0.9, "request": 1},
                            {"pair": hostile, "confidence": 0.9, "request": 2}]},
        attribution=stored.attribution(sentence=hostile),
        delivered=[{"type": hostile, "deliveries": [notice]}],
    )  # fmt: skip
    proposal = add_proposal(
        connection, tier=hostile, task_type=hostile, alert_id=alert, state="rejected",
        decided_by=hostile, decided_why=hostile, ended_why=hostile,
        evidence={"reason": hostile, "judge_version": hostile}, certified=False,
    )  # fmt: skip
    model = add_proposal(
        connection, kind="model", artefact_id=1, tier="simple", state="expired",
        evidence={"candidate_author": hostile,
                  "type_offsets": {"types_version": 1, "by_type": {hostile: [0.1, 0.2]}}},
    )  # fmt: skip
    connection.execute(
        insert(PolicyRow).values(
            version=1, thresholds={"simple": 0.7}, by_task={hostile or "sql": {"simple": 0.6}},
            author=hostile, reason=hostile,
        )
    )  # fmt: skip
    put_in_force(connection, 1)
    add_audit_line(connection, hostile, why=hostile, **{hostile: hostile})
    add_audit_line(connection, f"alert/{alert}", why=hostile)
    connection.execute(
        insert(EvalsetRunRow).values(
            kind="probes", subject=hostile, model=hostile, set_version="1", why=hostile,
            started_at=NOW, until=NOW, ended_at=NOW,
        )
    )  # fmt: skip
    bar: dict[str, Any] = dict.fromkeys(("bar", "recipe", "measure", "others", "verdict"), hostile)
    bar |= {"value": 0.1, "low": 0.0, "high": 0.2, "limit": 0.3, "at_least": False, "runs": 1}
    add_certificate(connection, quick=True, version=hostile, seconds=1.0, rows=[bar])
    return [
        "/", "/alerts", f"/alerts/{alert}", "/proposals", f"/proposals/{proposal}",
        f"/proposals/{model}", "/pairs", f"/pairs/{pair}", f"/pairs/{unscored}", "/review",
        f"/review/{pair}", "/judge", "/policies", "/audit", "/sessions",
    ]  # fmt: skip


def test_it_is_text_on_every_page(
    logged_in: Callable[[str], Any], paths: list[str], hostile: str
) -> None:
    browser = logged_in("approver")
    for path in paths:
        page = browser.page(path)
        for never in ("<script>", "<img", "onerror=alert(1)>", ">49<"):
            assert never not in page, (path, never)
        # What was left of the page is whole: nothing that was inserted has ended it.
        assert page.rstrip().endswith("</html>"), path
        assert page.count("<main") == page.count("</main>") == 1, path
        for tag in ("table", "section", "form", "dl"):
            assert page.count(f"<{tag}") == page.count(f"</{tag}>"), (path, tag)


def test_texts_have_the_direction_of_their_own_words(connection: Connection, viewer: Any) -> None:
    text = TEXTS["right to left"]
    answer = {"role": "assistant", "content": text}
    pair = add_exchange(connection, 1, question=text, answer=answer)
    add_shadow(connection, pair, text)
    page = viewer.page(f"/pairs/{pair}")
    assert page.count(f'<div class="prose" dir="auto"><p>{text}</p>\n</div>') == 3
    assert page.count(f'<pre class="text" dir="auto" tabindex="0">{text}</pre>') == 3


def test_the_whole_of_a_hostile_text_is_sent_as_plain_text(
    connection: Connection, viewer: Any
) -> None:
    text = TEXTS["markup"]
    pair = add_exchange(connection, 1, answer={"role": "assistant", "content": text})
    whole = viewer.get(f"/pairs/{pair}/text/served")
    assert whole.text == text
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
