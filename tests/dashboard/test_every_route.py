"""Role x action: each address of the dashboard, asked by everybody there is.

The table says who may and what they are answered; the rows are compared with the URL map, so an
address that is new and stands in no row fails. Each cell starts from the same database.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from factories.rows import (
    add_alert,
    add_drain,
    add_pair,
    add_policy,
    add_proposal,
    put_in_force,
    put_rollout,
)
from factories.trials import new_trial
from flask import Flask
from sqlalchemy import Connection

from tierwatch.dashboard.api.blueprint import PREFIX
from tierwatch.store.people.roles import ROLES, Person
from tierwatch.store.people.sessions import begin_session, open_sessions
from tierwatch.store.people.tokens import add_token
from tierwatch.store.people.users import add_user
from tierwatch.store.trials.model_trials import add_trial

PASSWORD = "correct horse battery"
NOBODY = "nobody"
CALLERS = (NOBODY, *ROLES)
LEAST = {"anybody": NOBODY, "user": "viewer", **dict(zip(ROLES, ROLES, strict=True))}

# Method and address; who may at the least; what they are answered.
PAGES = """
GET  /                                     user      200
GET  /alerts                               user      200
GET  /alerts/{alert_id}                    user      200
POST /alerts/{alert_id}/acknowledge        reviewer  302
POST /alerts/{alert_id}/assign             reviewer  302
GET  /alerts/{alert_id}/label              reviewer  200
POST /alerts/{alert_id}/pin-model          approver  409
POST /alerts/{alert_id}/resolve            reviewer  302
POST /alerts/{alert_id}/retry              approver  409
POST /alerts/{alert_id}/sample             approver  302
POST /alerts/{alert_id}/send-up            approver  302
POST /alerts/{alert_id}/silence            reviewer  302
POST /alerts/test                          approver  200
GET  /audit                                user      200
GET  /audit/csv                            user      200
GET  /audit/jsonl                          user      200
GET  /ceiling                              user      200
GET  /costs                                user      200
POST /drains/{drain_id}/end                approver  302
GET  /healthz                              anybody   200
GET  /healthz/loop                         anybody   503
POST /hooks/pagerduty                      anybody   404
POST /hooks/slack                          anybody   404
GET  /judge                                user      200
GET  /login                                anybody   200
POST /login                                anybody   401
POST /logout                               user      302
GET  /metrics                              anybody   200
GET  /pairs                                user      200
GET  /pairs/export                         reviewer  200
GET  /pairs/{pair_id}                      user      200
GET  /pairs/{pair_id}/media/{name}         user      404
GET  /pairs/{pair_id}/text/request         user      200
GET  /pairs/{pair_id}/text/served          user      200
GET  /pairs/{pair_id}/text/alternative     user      200
GET  /password                             user      200
POST /password                             user      302
GET  /policies                             user      200
POST /policies/{version}/rollback          approver  302
GET  /proposals                            user      200
GET  /proposals/new                        approver  200
POST /proposals/new                        approver  409
GET  /proposals/{proposal_id}              user      200
GET  /proposals/{proposal_id}/report       user      200
GET  /proposals/{proposal_id}/report.md    user      200
GET  /proposals/{proposal_id}/report.json  user      200
POST /proposals/{proposal_id}/approve      approver  302
POST /proposals/{proposal_id}/reject       approver  302
POST /proposals/{proposal_id}/router/applied approver 409
POST /proposals/{proposal_id}/router/undone approver 409
GET  /review                               user      200
GET  /review/next                          reviewer  302
GET  /review/{pair_id}                     reviewer  200
POST /review/{pair_id}                     reviewer  302
POST /review/{pair_id}/withdraw            reviewer  302
GET  /review/{pair_id}/text/request        reviewer  200
GET  /review/{pair_id}/text/first          reviewer  200
GET  /review/{pair_id}/text/second         reviewer  200
GET  /rollouts/{version}                   user      200
POST /rollouts/{version}/promote           approver  302
POST /rollouts/{version}/abort             approver  302
GET  /sessions                             user      200
POST /sessions/{session_id}/end            admin     302
POST /sessions/end-others                  user      302
GET  /settings                             user      200
GET  /search                               user      200
GET  /sources                              user      200
GET  /static/{filename}                    anybody   200
GET  /types                                user      200
GET  /users                                admin     200
POST /users/add                            admin     200
POST /users/role                           admin     302
POST /users/reset                          admin     200
POST /users/disable                        admin     302
POST /users/enable                         admin     302
POST /users/remove                         admin     302
POST /users/tokens/add                     admin     200
POST /users/tokens/revoke                  admin     302
"""
API = """
GET  /alerts                               viewer    200
GET  /alerts/{alert_id}                    viewer    200
GET  /alerts/{alert_id}/incident           viewer    200
GET  /alerts/{alert_id}/record             viewer    200
POST /alerts/{alert_id}/acknowledge        reviewer  200
POST /alerts/{alert_id}/assign             reviewer  200
POST /alerts/{alert_id}/pin-model          approver  409
POST /alerts/{alert_id}/resolve            reviewer  200
POST /alerts/{alert_id}/sample             approver  200
POST /alerts/{alert_id}/send-up            approver  200
POST /alerts/{alert_id}/silence            reviewer  200
GET  /audit                                viewer    200
GET  /ceiling                              viewer    200
GET  /costs                                viewer    200
GET  /search                               viewer    200
GET  /drains                               viewer    200
POST /drains                               approver  200
POST /drains/{drain_id}/end                approver  200
GET  /model-trials                         viewer    200
GET  /model-trials/{trial_id}              viewer    200
POST /model-trials/{trial_id}/cancel       approver  200
GET  /openapi.json                         viewer    200
GET  /pairs                                viewer    200
GET  /pairs/{pair_id}                      viewer    200
GET  /policies                             viewer    200
GET  /policies/{version}                   viewer    200
POST /policies/{version}/rollback          approver  200
GET  /proposals                            viewer    200
POST /proposals                            approver  409
GET  /proposals/{proposal_id}              viewer    200
GET  /proposals/{proposal_id}/report       viewer    200
POST /proposals/{proposal_id}/approve      approver  200
POST /proposals/{proposal_id}/reject       approver  200
POST /proposals/{proposal_id}/router/applied approver 409
POST /proposals/{proposal_id}/router/undone approver 409
GET  /report                               viewer    200
GET  /review                               viewer    200
GET  /rollouts/{version}                   viewer    200
POST /rollouts/{version}/promote           approver  200
POST /rollouts/{version}/abort             approver  200
GET  /settings                             viewer    200
GET  /sessions                             admin     200
POST /sessions/{session_id}/end            admin     200
GET  /sources                              viewer    200
GET  /tokens                               admin     200
POST /tokens                               admin     200
POST /tokens/{name}/revoke                 admin     200
GET  /types                                viewer    200
GET  /users                                admin     200
POST /users                                admin     200
POST /users/external                       admin     200
GET  /users/{name}                         admin     200
POST /users/{name}/role                    admin     200
POST /users/{name}/reset                   admin     200
POST /users/{name}/disable                 admin     200
POST /users/{name}/enable                  admin     200
POST /users/{name}/remove                  admin     200
"""
# Answered otherwise when somebody else is in already, or with a session of one's own.
LOGGED_IN = {"GET /login": 302}

# One form that every page takes what it knows of.
FORM = {
    "why": "tested",
    "reason": "fixed",
    "to": "",
    "lasting": "4h",
    "name": "somebody",
    "role": "reviewer",
    "expires": "1d",
    "said": "first",
    "tier": "standard",
    "threshold": "0.75",
    "current": PASSWORD,
    "new": "another long password",
    "again": "another long password",
}
_OWN_NAME = {"POST /users/add": "new", "POST /users/tokens/add": "new"}
_FOR_SOME_TIME = {"why": "tested", "lasting": "4h"}
_BODIES: dict[str, Any] = {
    "POST /alerts/{alert_id}/assign": {"to": ""},
    "POST /proposals": {
        "tier": "standard",
        "task_type": "all",
        "threshold": 0.75,
        "why": "tested",
    },
    "POST /alerts/{alert_id}/sample": _FOR_SOME_TIME,
    "POST /alerts/{alert_id}/send-up": _FOR_SOME_TIME,
    "POST /alerts/{alert_id}/silence": _FOR_SOME_TIME,
    "POST /drains": {"tier": "simple", "task_type": "all", **_FOR_SOME_TIME},
    "POST /tokens": {"name": "new", "role": "viewer", "expires": "1d"},
    "POST /users": {"name": "new", "role": "viewer"},
    "POST /users/external": {"name": "new", "role": "viewer", "subject": "s-1"},
    "POST /users/{name}/role": {"role": "approver"},
}


def rows(table: str, prefix: str = "") -> dict[str, tuple[str, int]]:
    """Method and address -> the least who may, and what they are answered."""
    found = {}
    for line in table.strip().splitlines():
        method, address, least, status = line.split()
        found[f"{method} {prefix}{address}"] = (LEAST[least], int(status))
    return found


def addresses(app: Flask) -> set[str]:
    """Method and address of everything that is served, each of several words apart."""
    found: set[str] = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?!any)(?:[^<>:]*:)?(\w+)>", r"{\1}", rule.rule)
        words = re.search(r"<any\(([^)]*)\):\w+>", path)
        paths = [path]
        if words:
            paths = [path.replace(words[0], word.strip()) for word in words[1].split(",")]
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found |= {f"{method} {one}" for method in methods for one in paths}
    return found


@pytest.fixture
def there(connection: Connection, clock: Any) -> dict[str, Any]:
    """One of everything, by the names that the addresses give it."""
    add_policy(connection, 1)
    add_policy(connection, 2, simple=0.8)
    put_in_force(connection, 2)
    put_rollout(connection, 1)
    somebody = add_user(connection, "somebody", PASSWORD, "viewer")
    add_token(connection, "somebody", "viewer")
    now = dt.datetime.fromtimestamp(clock(), dt.UTC)
    begin_session(connection, somebody, "password", now=now)
    return {
        "alert_id": add_alert(connection),
        "proposal_id": add_proposal(connection, base_version=2),
        "trial_id": add_trial(connection, new_trial(base_version=2)),
        "pair_id": add_pair(connection, 1, "alternative"),
        "version": 1,
        "drain_id": add_drain(connection, "standard"),
        "name": "somebody",
        "session_id": open_sessions(connection, now=now)[0].id,
        "filename": "tierwatch.css",
    }


@pytest.fixture
def forms(app: Flask) -> Iterator[Flask]:
    """The dashboard without its CSRF check, which would stand before the roles."""
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    app.config["WTF_CSRF_ENABLED"] = True


def logged_in_as(app: Flask, connection: Connection, caller: str, now: dt.datetime) -> Any:
    """A browser in which a new user of this role is logged in; a stranger's for nobody."""
    client = app.test_client()
    if caller != NOBODY:
        person: Person = add_user(connection, f"the-{caller}", PASSWORD, caller)
        with client.session_transaction() as cookie:
            cookie["id"] = begin_session(connection, person, "password", now=now)
    return client


def test_every_address_has_its_row(app: Flask) -> None:
    assert addresses(app) == set(rows(PAGES)) | set(rows(API, PREFIX))


@pytest.mark.parametrize("row", rows(PAGES))
def test_a_page_answers_each_role_as_the_table_says(
    forms: Flask, connection: Connection, clock: Any, there: dict[str, Any], row: str
) -> None:
    least, answer = rows(PAGES)[row]
    method, address = row.split()
    now = dt.datetime.fromtimestamp(clock(), dt.UTC)
    for caller in CALLERS:
        with connection.begin_nested() as cell:
            client = logged_in_as(forms, connection, caller, now)
            response = client.open(
                address.format(**there),
                method=method,
                data=FORM | {"name": _OWN_NAME.get(row, "somebody")} if method == "POST" else None,
            )
            location = response.headers.get("Location", "")
            if CALLERS.index(caller) >= CALLERS.index(least):
                expected = answer if caller == NOBODY else LOGGED_IN.get(row, answer)
                assert response.status_code == expected, (caller, response.text)
                assert row == "POST /logout" or not location.startswith("/login"), caller
            elif caller == NOBODY and method == "POST" and row != "POST /logout":
                assert response.status_code == 401
                assert "What you typed is kept here." in response.text
            elif caller == NOBODY:
                assert response.status_code == 302
                assert location.startswith("/login")
            elif row == "POST /sessions/{session_id}/end":
                assert response.status_code == 404, caller  # of somebody else: none for them
            else:
                assert response.status_code == 403, caller
                assert f"needs the role {least}" in response.text
            response.close()
            cell.rollback()


@pytest.mark.parametrize("row", rows(API))
def test_the_api_answers_each_role_as_the_table_says(
    client: Any, connection: Connection, there: dict[str, Any], row: str
) -> None:
    least, answer = rows(API)[row]
    method, address = row.split()
    for caller in CALLERS:
        with connection.begin_nested() as cell:
            headers = {}
            if caller != NOBODY:
                headers["Authorization"] = f"Bearer {add_token(connection, caller, caller)}"
            response = client.open(
                PREFIX + address.format(**there),
                method=method,
                headers=headers,
                json=_BODIES.get(row, {"why": "tested"}) if method == "POST" else None,
            )
            if CALLERS.index(caller) >= CALLERS.index(least):
                assert response.status_code == answer, (caller, response.text)
            elif caller == NOBODY:
                assert response.status_code == 401
            else:
                assert response.status_code == 403, caller
                assert f"needs the role {least}" in response.text
            cell.rollback()


# Calls of other services are signed instead.
FORMS = [row for row in rows(PAGES) if row.startswith("POST") and "/hooks/" not in row]


@pytest.mark.parametrize("row", FORMS)
def test_a_form_without_its_csrf_token_does_nothing(
    app: Flask, connection: Connection, clock: Any, there: dict[str, Any], row: str
) -> None:
    now = dt.datetime.fromtimestamp(clock(), dt.UTC)
    client = logged_in_as(app, connection, "admin", now)
    before = connection.exec_driver_sql("select count(*) from audit").scalar_one()
    for sent in (FORM, FORM | {"csrf_token": "x"}):
        response = client.post(row.split()[1].format(**there), data=sent)
        assert response.status_code == 400
        assert "CSRF" in response.text
    assert connection.exec_driver_sql("select count(*) from audit").scalar_one() == before


@pytest.mark.parametrize("row", [row for row in rows(PAGES) if rows(PAGES)[row][0] != NOBODY])
def test_a_one_time_password_opens_one_form(
    forms: Flask, connection: Connection, clock: Any, there: dict[str, Any], row: str
) -> None:
    method, address = row.split()
    person = add_user(connection, "new", PASSWORD, "admin", must_change=True)
    client = forms.test_client()
    now = dt.datetime.fromtimestamp(clock(), dt.UTC)
    with client.session_transaction() as cookie:
        cookie["id"] = begin_session(connection, person, "password", now=now)
    response = client.open(address.format(**there), method=method, data=FORM)
    if row in {"GET /password", "POST /password", "POST /logout"}:
        assert response.headers.get("Location") in {None, "/", "/login"}
    else:
        assert response.headers["Location"] == "/password"


@pytest.fixture
def client(app: Flask) -> Any:
    return app.test_client()
