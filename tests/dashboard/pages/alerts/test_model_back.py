from typing import Any

import factories.evidence as stored
import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.dashboard.pages.alerts.model_back import ModelBack, model_back
from tierwatch.store.alerts import load_alert
from tierwatch.store.incidents.changes import Change


@pytest.fixture
def replaced(connection: Connection) -> None:
    """Policy 2 is active: small-2 serves simple."""
    for version in (1, 2):
        put.add_policy(connection, version)
    put.put_model(connection, 2, "simple", "small-2")
    put.put_in_force(connection, 2)


def back(connection: Connection, *changes: Change, **columns: Any) -> ModelBack | None:
    alert = load_alert(connection, put.add_alert(connection, **columns))
    assert alert is not None
    return model_back(connection, alert, changes)


def test_a_replaced_model_can_be_pinned(connection: Connection, replaced: None) -> None:
    found = back(connection, kind="model_drift")
    assert found == ModelBack(
        "Pin the earlier model of simple: the model that tierwatch.yaml names", ""
    )
    quality = stored.attribution(cause="quality")
    assert back(connection, attribution=quality) == found


def test_one_of_the_file_is_changed_in_the_file(connection: Connection, policy: None) -> None:
    came = Change(put.NOW, "model", "small-2", "small-1")
    found = back(connection, came, kind="model_drift")
    assert found is not None
    assert found.button == ""
    assert found.advice.startswith("simple was served by small-1 before. No policy has it")


def test_a_model_that_changed_under_its_name_cannot_be_pinned(
    connection: Connection, policy: None
) -> None:
    found = back(connection, kind="model_drift")
    assert found is not None
    assert found.advice.startswith("The model's name has not changed")


def test_other_alerts_are_about_no_model(connection: Connection, policy: None) -> None:
    assert back(connection) is None
    assert back(connection, attribution=stored.attribution(cause="mix")) is None
    assert back(connection, kind="budget", tier="") is None


def test_an_approver_pins_it_on_the_alerts_page(
    connection: Connection, approver: Any, replaced: None
) -> None:
    path = f"/alerts/{put.add_alert(connection, kind='model_drift')}"
    assert "Pin the earlier model of simple" in approver.page(path)
    refused = approver.send(f"{path}/pin-model", form_on=path, why=" ")
    assert refused.status_code == 400
    assert "A reason is required" in refused.text
    done = approver.send(f"{path}/pin-model", form_on=path, why="worse")
    assert done.status_code == 302
    page = approver.page(path)
    assert "simple is served by the model of tierwatch.yaml again, by policy 3" in page
    assert "Pin the earlier model of simple: small-2" in page


def test_of_a_resolved_alert_nothing_is_pinned(
    connection: Connection, approver: Any, replaced: None
) -> None:
    over = put.add_alert(connection, kind="model_drift", state="resolved", resolved_by="ada")
    late = approver.send(f"/alerts/{over}/pin-model", form_on="/", why="worse")
    assert late.status_code == 409
    assert "is resolved already, by ada" in late.text
