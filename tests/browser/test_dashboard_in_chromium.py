"""A person with a real Chromium: logs in, looks, decides. With scripts and without."""

from collections.abc import Callable
from typing import Any

import pytest
from browser.stage import PASSWORD, log_in
from sqlalchemy import text

from .conftest import HOSTILE, LONG, RIGHT_TO_LEFT, UNPRINTABLE, Served

pytestmark = pytest.mark.browser

PHONE, DESK = 390, 1280
SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
WIDTHS = pytest.mark.parametrize("width", [PHONE, DESK])
PAGES = (
    "/",
    "/alerts",
    "/alerts/{alert}",
    "/proposals",
    "/proposals/{certified}",
    "/proposals/{uncertified}",
    "/pairs",
    "/pairs/{long}",
    "/pairs/{hostile}",
    "/pairs/{failed}",
    "/review",
    "/review/next",
    "/judge",
    "/policies",
    "/audit",
    "/password",
    "/sessions",
    "/nothing",
)


@pytest.fixture
def enter(open_browser: Callable[..., Any], served: Served) -> Callable[..., Any]:
    """Opens a window and logs a new user of this role in by the form."""

    def log_in_as(role: str, **window: Any) -> Any:
        served.add_user(role, role)  # type: ignore[arg-type] # the tests name roles only
        page = open_browser(**window)
        page.goto("/")
        log_in(page, role)
        assert path_of(page, served) == "/"
        return page

    return log_in_as


def path_of(page: Any, served: Served) -> str:
    return str(page.url).removeprefix(served.address)


def words(page: Any) -> str:
    return str(page.locator("main").inner_text())


def too_wide(page: Any) -> int:
    """Pixels by which the page is wider than its window."""
    found = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    return max(0, int(found))


# --- who gets in ---------------------------------------------------------------------------------


@SCRIPTS
def test_a_one_time_password_is_changed_before_anything_else(
    open_browser: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    served.add_user("ada", "approver", must_change=True)
    page = open_browser(javascript=javascript)
    page.goto(f"/alerts/{served.night.alert}")
    assert path_of(page, served).startswith("/login?next=")
    log_in(page, "ada", "a wrong password")
    assert "Name or password is wrong." in words(page)
    log_in(page, "ada")
    assert path_of(page, served) == "/password"
    page.goto("/proposals")
    assert path_of(page, served) == "/password"

    new = "an owl at half past three"
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password again").fill(new)
    page.get_by_role("button", name="Change password").click()
    assert path_of(page, served) == "/"
    assert "Your password is changed" in words(page)

    page.get_by_role("button", name="Log out").click()
    assert path_of(page, served) == "/login"
    log_in(page, "ada")
    assert "Name or password is wrong." in words(page)
    log_in(page, "ada", new)
    assert path_of(page, served) == "/"


@SCRIPTS
def test_login_leads_to_the_page_that_was_wanted(
    open_browser: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    served.add_user("ada", "viewer")
    page = open_browser(javascript=javascript)
    for path in ("/", "/pairs", "/policies", "/audit", "/nothing"):
        page.goto(path)
        assert path_of(page, served).startswith("/login"), path
    page.goto(f"/proposals/{served.night.certified}")
    log_in(page, "ada")
    assert path_of(page, served) == f"/proposals/{served.night.certified}"


# --- deciding ------------------------------------------------------------------------------------


@SCRIPTS
def test_an_alert_is_found_acknowledged_and_resolved(
    enter: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    page = enter("reviewer", javascript=javascript)
    assert "1 unresolved alert." in words(page)
    page.get_by_role("link", name=f"#{served.night.alert} misroute").click()
    for said in ("31.0 %", "What changed.", "What is 2 + 2?", "both say four"):
        assert said in words(page), said
    page.get_by_role("button", name="Acknowledge").click()
    assert "acknowledged by reviewer" in words(page)
    assert page.get_by_role("button", name="Acknowledge").count() == 0
    page.locator("summary", has_text="Resolve").click()
    form = page.locator("details[open]", has_text="its monitor starts over")
    form.get_by_role("button", name="Resolve").click()
    # The browser itself asks for the reason: nothing was sent.
    assert page.locator("select:invalid").count() == 1
    form.get_by_label("Reason").select_option("fixed")
    form.get_by_label("Note").fill("the vendor mended it")
    form.get_by_role("button", name="Resolve").click()
    assert "resolved by reviewer" in words(page)
    assert "The vendor mended it." in words(page)
    assert page.locator("summary", has_text="Resolve").count() == 0
    page.get_by_role("link", name="tierwatch").click()
    assert "No open alerts." in words(page)


@SCRIPTS
def test_a_proposal_is_approved_and_another_rejected_with_reasons(
    enter: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    page = enter("approver", javascript=javascript)
    page.get_by_role("link", name=f"#{served.night.certified} raise").click()
    assert "Certified." in words(page)
    page.get_by_role("button", name="Approve").click()
    # The browser itself asks for the reason: nothing was sent.
    assert path_of(page, served) == f"/proposals/{served.night.certified}"
    assert page.locator("textarea:invalid").count() == 1
    page.get_by_label("Reason").fill("the alert is real: \u0646\u0639\u0645 <b>")
    page.get_by_role("button", name="Approve").click()
    assert f"Proposal {served.night.certified} is approved." in words(page)
    assert "the alert is real: \u0646\u0639\u0645 <b>" in words(page)
    assert page.get_by_role("button", name="Approve").count() == 0

    page.goto(f"/proposals/{served.night.uncertified}")
    for said in ("Not certified.", "Made against policy 1", "stays above the tolerated"):
        assert said in words(page), said
    page.get_by_label("Reason").fill("not by a promise nobody makes")
    page.get_by_role("button", name="Reject").click()
    assert f"Proposal {served.night.uncertified} is rejected." in words(page)
    with served.engine.connect() as connection:
        found = connection.execute(
            text("select decided_by, decided_why, state from proposals order by id")
        ).all()
    assert found[0][0] == "approver"
    assert found[1] == ("approver", "not by a promise nobody makes", "rejected")


@SCRIPTS
@WIDTHS
def test_an_earlier_policy_becomes_active_again(
    enter: Callable[..., Any], served: Served, *, javascript: bool, width: int
) -> None:
    page = enter("approver", javascript=javascript, width=width)
    page.get_by_role("link", name="Policies").click()
    assert "Policy 2 is active." in words(page)
    page.get_by_text("Roll back to this").click()
    page.get_by_label("Reason").fill("misroutes since policy 2")
    page.get_by_role("button", name="Activate policy 1").click()
    assert "Policy 3 is active, with the thresholds of policy 1." in words(page)
    with served.engine.connect() as connection:
        query = "select thresholds from policies where version in (1, 3) order by version"
        first, third = connection.execute(text(query)).scalars()
        now = connection.execute(text("select stable_version from active_policy")).scalar_one()
    assert (third, now) == (first, 3)


@SCRIPTS
def test_a_viewer_may_not_decide(
    enter: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    page = enter("viewer", javascript=javascript)
    for path, needed in (
        (f"/proposals/{served.night.certified}", "Deciding it needs the role approver."),
        (
            f"/alerts/{served.night.alert}",
            "Acknowledging, assigning and resolving need the role reviewer.",
        ),
        ("/policies", "Policy 2 is active."),
    ):
        page.goto(path)
        assert needed in words(page)
        assert page.locator("main button").count() == 0


def test_a_form_that_was_open_when_the_role_was_taken_decides_nothing(
    enter: Callable[..., Any], served: Served
) -> None:
    page = enter("approver")
    page.goto(f"/proposals/{served.night.certified}")
    with served.engine.begin() as connection:
        connection.execute(text("update users set role = 'viewer'"))
    page.get_by_label("Reason").fill("too late")
    page.get_by_role("button", name="Approve").click()
    assert "this needs the role approver; approver has the role viewer" in words(page)
    with served.engine.connect() as connection:
        states = connection.execute(text("select distinct state from proposals")).scalars().all()
    assert states == ["open"]


# --- looking -------------------------------------------------------------------------------------


@SCRIPTS
@pytest.mark.parametrize(
    ("kind", "shown", "direction"),
    [
        ("hostile", HOSTILE, "ltr"),
        ("right to left", RIGHT_TO_LEFT, "rtl"),
        ("unprintable", UNPRINTABLE, "ltr"),
    ],
)
def test_answers_are_shown_as_the_text_they_are(
    enter: Callable[..., Any],
    served: Served,
    *,
    javascript: bool,
    kind: str,
    shown: str,
    direction: str,
) -> None:
    page = enter("viewer", javascript=javascript)
    page.goto(f"/pairs/{served.night.pairs[kind]}")
    page.locator(".sides summary").first.click()
    answer = page.locator(".sides details.raw pre").first
    assert answer.text_content() == shown
    assert answer.evaluate("one => getComputedStyle(one).direction") == direction
    for tag in ("script", "img", "style"):
        assert page.locator(f"main {tag}").count() == 0
    page.goto("/pairs")
    assert page.locator("main script").count() == 0


def test_an_endless_answer_is_cut_and_whole_one_click_away(
    enter: Callable[..., Any], served: Served
) -> None:
    page = enter("viewer")
    page.goto(f"/pairs/{served.night.pairs['long']}")
    assert "6,000 of 200,000 characters are shown." in words(page)
    assert len(page.content()) < 40_000
    page.locator(".sides").get_by_role("link", name="Full text").first.click()
    assert page.locator("body").inner_text() == "x" * LONG


@WIDTHS
def test_both_answers_stand_side_by_side_where_there_is_room(
    enter: Callable[..., Any], served: Served, width: int
) -> None:
    page = enter("viewer", width=width)
    page.goto(f"/pairs/{served.night.pairs['long']}")
    left, right = (one.bounding_box() for one in page.locator(".sides > section").all())
    if width == DESK:
        assert left["y"] == right["y"]
        assert left["x"] + left["width"] <= right["x"]
        assert left["width"] == right["width"]
    else:
        assert left["x"] == right["x"]
        assert left["y"] + left["height"] <= right["y"]


@SCRIPTS
@WIDTHS
def test_no_page_is_wider_than_its_window(
    enter: Callable[..., Any], served: Served, *, javascript: bool, width: int
) -> None:
    page = enter("approver", javascript=javascript, width=width)
    with served.engine.connect() as connection:
        failed = connection.execute(text("select exchange_id from failures")).scalar_one()
    night = served.night
    ids = {name.replace(" ", "_"): pair for name, pair in night.pairs.items()}
    ids |= {"failed": failed, "alert": night.alert}
    ids |= {"certified": night.certified, "uncertified": night.uncertified}
    for path in PAGES:
        page.goto(path.format(**ids))
        assert page.locator("h1").count() == 1, path
        assert too_wide(page) == 0, path
        for summary in page.locator("summary").all():
            summary.click()
        assert too_wide(page) == 0, f"{path}, all opened"


@WIDTHS
def test_a_table_on_a_phone_hides_nothing_beyond_its_edge(
    enter: Callable[..., Any], served: Served, width: int
) -> None:
    page = enter("approver", width=width)
    night = served.night
    one_each = (
        f"/alerts/{night.alert}",
        f"/proposals/{night.certified}",
        f"/proposals/{night.uncertified}",
        f"/pairs/{night.pairs['long']}",
    )
    lists = ("/", "/alerts", "/proposals", "/pairs", "/review", "/judge", "/policies", "/audit")
    for path in lists + one_each:
        page.goto(path)
        for table in page.locator(".scroll").all():
            hidden = table.evaluate("one => one.scrollWidth - one.clientWidth")
            assert hidden <= 0 or width == DESK, path


def test_the_keyboard_reaches_the_decision_and_shows_where_it_is(
    enter: Callable[..., Any], served: Served
) -> None:
    page = enter("approver")
    page.goto(f"/proposals/{served.night.certified}")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to content"
    assert skip.bounding_box()["x"] >= 0
    reached = []
    for _ in range(25):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        reached.append(focus.inner_text() or focus.get_attribute("name"))
        style = focus.evaluate("one => getComputedStyle(one).outlineStyle")
        assert style == "solid", reached[-1]
        if reached[-1] == "Reject":
            break
    assert reached[-3:] == ["why", "Approve", "Reject"]
