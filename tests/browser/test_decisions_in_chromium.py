"""What people do here from an alert to its end and from a proposal to its rollout, step by step."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.stage import log_in
from factories.rows import add_outcome, add_pair
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.loop.decide.reload import active_for
from tierwatch.loop.decide.rollout import RolloutRules, rollout
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier

from .conftest import CONFIG, Served

pytestmark = pytest.mark.browser

SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
RULES = RolloutRules(
    share=0.2, min_pairs=100, tolerance={"simple": 0.05, "standard": 0.1}, max_weight=1.0
)
TIERS = (
    Tier("simple", "small-1", "lab", Price(1, 1)),
    Tier("standard", "medium-1", "lab", Price(3, 3)),
    Tier("complex", "large-1", "lab", Price(15, 15)),
)
FIRST = Policy(1, {"simple": 0.7, "standard": 0.7})
# What is promised of a gateway that polls every second.
WITHIN_S = 5.0


@pytest.fixture
def configuration() -> str:
    """Two persons approve."""
    return CONFIG.replace("evaluation: {", "evaluation: {retune: {approvals: 2}, ")


@pytest.fixture
def window(open_browser: Callable[..., Any], served: Served) -> Callable[..., Any]:
    """Opens a window of a person of its own, who is logged in."""

    def open_one(name: str, role: str, **how: Any) -> Any:
        served.add_user(name, role)  # type: ignore[arg-type] # the tests name roles only
        page = open_browser(**how)
        page.goto("/")
        log_in(page, name)
        return page

    return open_one


@pytest.fixture
def gateway(served: Served) -> Iterator[CurrentRouter]:
    """The router of a gateway that asks this database for its policies, as gateways do."""

    def policies() -> ActivePolicies | None:
        with served.engine.connect() as connection:
            return active_for(connection, FIRST).policies

    router = Router(TIERS, StaticClassifier("simple"), ActivePolicies(FIRST), "simple")
    metrics = GatewayMetrics(CollectorRegistry())
    with CurrentRouter(router, policies, metrics, poll_s=0.2) as current:
        yield current


def served_by(gateway: CurrentRouter, tier: str) -> bool:
    """Whether requests go to a tier as soon as was promised."""
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        if gateway.router.route([{"role": "user", "content": "What is 2 + 2?"}]).tier == tier:
            return True
        time.sleep(0.05)
    return False


def words(page: Any) -> str:
    """What the page says, on one line."""
    return " ".join(str(page.locator("main").inner_text()).split())


def judged(served: Served, first: int, n: int, **columns: Any) -> None:
    """Pairs of simple with both answers and a verdict, one misroute in four."""
    with served.engine.begin() as connection:
        for number in range(first, first + n):
            bad = number % 4 == 0
            pair = add_pair(connection, number, "alternative" if bad else "tie", **columns)
            add_outcome(connection, number, float(bad), exchange_id=pair, **columns)


def pour(served: Served, version: int, losses: list[float]) -> None:
    """Judged pairs that a policy served."""
    with served.engine.begin() as connection:
        for number, loss in enumerate(losses):
            add_outcome(
                connection, 10_000 * version + number, loss, tier="simple", policy_version=version
            )


@SCRIPTS
def test_from_an_alert_to_its_worst_pair_and_the_tier_up_and_back(
    window: Callable[..., Any], served: Served, gateway: CurrentRouter, *, javascript: bool
) -> None:
    with served.engine.begin() as connection:
        # Of all its requests, not of a task type alone.
        connection.execute(text("update alerts set segment = 'simple/all'"))
    page = window("ada", "approver", javascript=javascript)
    page.get_by_role("link", name=f"#{served.night.alert} misroute").click()
    page.locator("section.pair h3 a").first.click()
    assert "/pairs/" in page.url
    assert "What is 2 + 2?" in words(page)
    assert "alternative: misroute" in words(page)
    page.goto(f"/alerts/{served.night.alert}")
    assert served_by(gateway, "simple")
    page.locator("summary", has_text="Send ").filter(has_text="simple up now").click()
    form = page.locator("details[open]", has_text="The next tier serves these requests")
    form.get_by_label("Reason").fill("wrong refunds, alert above")
    form.get_by_role("button", name="Send up").click()
    assert "is sent up until" in words(page)
    assert served_by(gateway, "standard")
    # The way back is at the top of every page.
    page.goto("/audit")
    page.get_by_role("button", name="Take back now").click()
    assert "is sent up until" not in words(page)
    assert served_by(gateway, "simple")


@SCRIPTS
def test_two_persons_approve_what_moves_and_its_rollout_completes(
    window: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    judged(served, 7_000, 40, confidence=0.75, policy_version=2)
    first = window("ada", "approver", javascript=javascript)
    second = window("bob", "approver", javascript=javascript)
    address = f"/proposals/{served.night.certified}"
    for page in (first, second):
        page.goto(address)
        assert "The requests that move" in words(page)
    approve(first, "the alert is real")
    assert "ada" in words(first)
    assert state(served, served.night.certified) == "open"
    # The same person is not a second one.
    assert first.get_by_role("button", name="Approve").count() == 0
    second.reload()
    approve(second, "read five of its pairs")
    assert state(served, served.night.certified) == "rolling_out"
    second.goto(address)
    second.get_by_role("link", name="Rollout of policy 3").click()
    assert "of the sessions try it" in words(second)
    assert "100 of 100 pairs are missing" in words(second)
    pour(served, 3, [0.0] * 100)
    assert rollout(engine=served.engine, rules=RULES) == "completed"
    second.reload()
    assert "Completed." in words(second)
    second.goto("/policies")
    assert "Policy 3 is active" in words(second)


def test_a_rollout_that_breaks_its_promise_is_taken_back_and_another_rejected(
    window: Callable[..., Any], served: Served
) -> None:
    first, second = window("ada", "approver"), window("bob", "approver")
    for page, why in ((first, "yes"), (second, "so do I")):
        page.goto(f"/proposals/{served.night.certified}")
        approve(page, why)
    pour(served, 3, [1.0] * 60)
    assert rollout(engine=served.engine, rules=RULES) == "rolled_back"
    second.goto("/rollouts/3")
    assert "Taken back." in words(second)
    assert "misroute rate above the promised" in words(second).lower()
    second.goto("/policies")
    assert "Policy 2 is active" in words(second)
    # One person rejects.
    second.goto(f"/proposals/{served.night.uncertified}")
    second.get_by_label("Reason").fill("nobody promises anything")
    second.get_by_role("button", name="Reject").click()
    assert state(served, served.night.uncertified) == "rejected"


def test_ten_pairs_are_labelled_by_keyboard_and_one_is_undone(
    window: Callable[..., Any], served: Served
) -> None:
    judged(served, 7_000, 12)
    page = window("eve", "reviewer")
    page.goto("/review/next")
    for number in range(10):
        assert "Which answer is materially better?" in words(page), number
        with page.expect_navigation():
            page.keyboard.press("123"[number % 3])
    assert labels(served) == 10
    with page.expect_navigation():
        page.keyboard.press("u")
    assert "Your label of this pair is taken back" in words(page)
    assert labels(served) == 9
    page.keyboard.press("?")
    assert page.locator("details[open] kbd").first.is_visible()


@SCRIPTS
def test_a_pair_is_found_by_the_id_of_its_session(
    window: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    with served.engine.connect() as connection:
        query = "select id, session from exchanges where request_no = 52"
        pair, session = connection.execute(text(query)).one()
    page = window("vic", "viewer", javascript=javascript)
    field = page.get_by_role("searchbox", name="Search: any id, or words")
    field.fill(session)
    field.press("Enter")
    if f"/pairs/{pair}" not in page.url:
        page.locator(f"a[href*='{pair}']").first.click()
    assert f"/pairs/{pair}" in page.url


def test_a_reviewer_takes_the_list_away_as_a_file(
    window: Callable[..., Any], served: Served
) -> None:
    page = window("eve", "reviewer")
    page.goto("/pairs?tier=simple&from=all")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    head = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    assert head.startswith("id,")
    with served.engine.connect() as connection:
        query = "select actor from audit where action = 'pairs.exported'"
        assert connection.execute(text(query)).scalars().all() == ["eve"]


@SCRIPTS
def test_a_range_of_a_list_is_chosen_by_a_link(
    window: Callable[..., Any], served: Served, *, javascript: bool
) -> None:
    page = window("vic", "viewer", javascript=javascript)
    page.goto("/pairs?tier=simple")
    page.locator(".choices").get_by_role("link", name="1 h", exact=True).click()
    assert "from=-1h" in page.url
    assert "tier=simple" in page.url
    assert "No pairs match." in words(page)
    page.locator(".choices").get_by_role("link", name="all", exact=True).click()
    assert "What is 2 + 2?" in words(page)


def approve(page: Any, why: str) -> None:
    page.get_by_label("Reason").fill(why)
    page.get_by_role("button", name="Approve").click()


def state(served: Served, proposal: int) -> str:
    with served.engine.connect() as connection:
        query = text("select state from proposals where id = :id")
        return str(connection.execute(query, {"id": proposal}).scalar_one())


def labels(served: Served) -> int:
    with served.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from labels")).scalar_one())
