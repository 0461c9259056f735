from typing import Any

import pytest
from factories.rows import add_outcome, add_policy, put_in_force, put_rollout
from sqlalchemy import Connection

from tierwatch.dashboard.figures import figure
from tierwatch.dashboard.pages.proposals.rollout import ArmLine
from tierwatch.evaluation.rates.estimate import unknown


@pytest.fixture
def rolling(connection: Connection) -> int:
    """Policy 2 is being rolled out beside policy 1; returns its proposal."""
    for version in (1, 2):
        add_policy(connection, version)
    put_in_force(connection, 1)
    return put_rollout(connection, 2)


def test_a_running_rollout_says_what_ends_it(
    connection: Connection, logged_in: Any, rolling: int
) -> None:
    add_outcome(connection, 1, 0.0, tier="standard", policy_version=2)
    viewer = logged_in("viewer")
    page = viewer.page("/rollouts/2")
    assert "20.0 % of the sessions try it." in page
    assert "pairs are missing." in page
    assert "is taken back by itself as soon as" in page
    assert "Ending it by hand needs the role approver." in page
    assert f'href="/proposals/{rolling}"' in page
    assert 'href="/rollouts/2"' in viewer.page("/policies")
    assert 'href="/rollouts/2"' in viewer.page(f"/proposals/{rolling}")
    assert viewer.get("/rollouts/1").status_code == 404


def test_its_monitor_is_drawn_against_its_level(
    connection: Connection, viewer: Any, rolling: int
) -> None:
    assert "<figure" not in viewer.page("/rollouts/2")
    for number in range(1, 6):
        add_outcome(connection, number, 1.0, tier="standard", policy_version=2)
    page = viewer.page("/rollouts/2")
    assert "Evidence against the rollout" in page
    assert "taken back" in page
    assert page.count("<circle") == 5


def test_an_approver_ends_it_with_a_reason(approver: Any, rolling: int) -> None:
    refused = approver.send("/rollouts/2/abort", form_on="/rollouts/2", why=" ")
    assert refused.status_code == 400
    assert "A reason is required" in refused.text
    assert approver.send("/rollouts/2/abort", form_on="/rollouts/2", why="no").status_code == 302
    page = approver.page("/rollouts/2")
    assert "Policy 2 is taken back." in page
    assert "Aborted by hand: no." in page
    assert "End it now" not in page
    again = approver.send("/rollouts/2/promote", form_on="/policies", why="typed twice")
    assert again.status_code == 409
    assert "Policy 2 is not being rolled out." in again.text


def test_a_promoted_one_shows_promised_against_measured(approver: Any, rolling: int) -> None:
    assert (
        approver.send("/rollouts/2/promote", form_on="/rollouts/2", why="fine").status_code == 302
    )
    page = approver.page("/rollouts/2")
    assert "Completed." in page
    assert "promised against measured" in page


def test_an_arm_without_requests_has_no_price() -> None:
    line = ArmLine("a", 0, 0.0, 0, figure(unknown()))
    assert line.usd_per_thousand is None
    assert ArmLine("a", 500, 2.0, 0, figure(unknown())).usd_per_thousand == 4.0
