"""Services that only apprise knows: by a stand-in for it, and by itself where it is installed."""

import logging
import sys
from types import ModuleType
from typing import Any

import pytest
from factories.alert_events import SECRET_WORDS, alert_event, tried_event
from fakes.socket_receiver import sockets

from tierwatch.errors import SettingsError
from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.by_apprise import AppriseDestination, check_installed, opened


class StandIn:
    """As `apprise.Apprise` is used here."""

    taken = True

    def __init__(self) -> None:
        self.url = ""

    def add(self, url: str) -> bool:
        self.url = url
        return url.startswith("known://")

    def notify(self, **sent: Any) -> bool:
        logging.getLogger("apprise").warning("could not reach %s", self.url)
        SENT.append(sent)
        return StandIn.taken


SENT: list[dict[str, Any]] = []


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    module = ModuleType("apprise")
    module.Apprise = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "apprise", module)
    monkeypatch.setattr(StandIn, "taken", True)
    SENT.clear()
    return StandIn


@pytest.mark.parametrize(
    ("what", "kind"),
    [("opened", "failure"), ("acknowledged", "failure"), ("resolved", "success")],
)
def test_each_change_is_a_text(stand_in: type[StandIn], what: str, kind: str) -> None:
    here = AppriseDestination("known://user:pass@host")
    assert here.send(alert_event(what)) == Answer("taken", "sent by apprise")
    [sent] = SENT
    assert (sent["notify_type"], sent["body_format"]) == (kind, "text")
    assert "18 % of answers" in sent["body"]
    assert SECRET_WORDS not in sent["body"]


def test_what_apprise_could_not_send_is_sent_again(stand_in: type[StandIn]) -> None:
    stand_in.taken = False
    answer = AppriseDestination("known://h").send(tried_event())
    assert (answer.fate, answer.detail) == ("later", "not sent; apprise does not say why")


def test_an_address_that_apprise_does_not_know_waits_for_a_person(
    stand_in: type[StandIn],
) -> None:
    assert AppriseDestination("other://h").send(alert_event()).fate == "away"
    assert AppriseDestination("known://h").send({"id": 1}).fate == "never"
    assert opened("other://h") is None


def test_addresses_are_not_logged_while_we_send_and_others_may_log(
    stand_in: type[StandIn], caplog: pytest.LogCaptureFixture
) -> None:
    here = AppriseDestination("known://user:hunter2@host")
    here.send(alert_event())
    assert "hunter2" not in caplog.text
    assert "hunter2" not in repr(here)
    logging.getLogger("apprise").warning("somebody else's line")
    assert "somebody else's line" in caplog.text


def test_without_the_library_the_process_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tierwatch.notify.channels.by_apprise.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"pip install 'tierwatch\[apprise\]'"):
        check_installed()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its plugins import all there is
def test_the_library_itself_delivers() -> None:
    pytest.importorskip("apprise", reason="needs the extra `apprise`")
    check_installed()
    with sockets(200) as receiver:
        url = receiver.url.replace("http://", "json://")
        assert AppriseDestination(url).send(alert_event()).fate == "taken"
    assert b"worse than the next tier" in receiver.bodies[0]
    with sockets(500) as receiver:
        url = receiver.url.replace("http://", "json://")
        assert AppriseDestination(url).send(alert_event()).fate == "later"
    assert AppriseDestination("no-such-service://x").send(alert_event()).fate == "away"
