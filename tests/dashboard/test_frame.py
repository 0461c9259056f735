from typing import Any

from factories.rows import add_alert, add_proposal
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError


def _nav(page: str) -> str:
    return page[page.index("<nav") : page.index("</nav>")]


def test_the_frame_counts_what_waits_for_a_person(connection: Connection, viewer: Any) -> None:
    assert "badge" not in _nav(viewer.page("/"))
    for state in ("open", "acknowledged", "resolved"):
        add_alert(connection, state=state)
    add_proposal(connection)
    add_proposal(connection, tier="standard", state="rolling_out")
    nav = _nav(viewer.page("/audit"))
    # Two alerts are unresolved; a proposal that is rolled out was decided.
    assert 'Alerts <span class="badge">2</span>' in nav
    assert 'Proposals <span class="badge">1</span>' in nav


def test_the_page_one_is_on_is_marked(connection: Connection, viewer: Any) -> None:
    alert = add_alert(connection)
    for path, name in (("/alerts", "Alerts"), (f"/alerts/{alert}", "Alerts"), ("/judge", "Judge")):
        marked = _nav(viewer.page(path)).split('aria-current="page">')
        assert len(marked) == 2, path
        assert marked[1].startswith(name)
    assert "aria-current" not in _nav(viewer.page("/"))


def test_it_says_who_is_logged_in_and_shows_strangers_nothing(viewer: Any, stranger: Any) -> None:
    page = viewer.page("/")
    header = page[page.index("<header") : page.index("</header>")]
    assert ">viewer</a>" in header
    assert "Log out" in header
    assert "<header" not in stranger.page("/login")


def test_while_postgres_is_away_the_error_page_counts_nothing(
    app: Any, viewer: Any, monkeypatch: Any
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    add_alert(app.extensions["tierwatch"].engine.connection)
    monkeypatch.setattr("tierwatch.dashboard.pages.alerts.alerts.incident_heads", away)
    response = viewer.get("/alerts")
    assert response.status_code == 503
    assert "badge" not in _nav(response.text)


def test_the_range_goes_along_to_pages_of_figures_and_to_no_list(viewer: Any) -> None:
    nav = _nav(viewer.page("/costs?from=-24h"))
    for path in ("judge", "types", "sources", "costs"):
        assert f'href="/{path}?from=-24h"' in nav
    for path in ("alerts", "pairs", "policies", "audit"):
        assert f'href="/{path}"' in nav
    # A list's range is of its own lines.
    assert "from=" not in _nav(viewer.page("/pairs?from=-24h"))
    assert "from=" not in _nav(viewer.get("/costs?from=soon").text)
