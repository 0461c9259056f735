"""Mails arrive, encrypted, in one thread an alert; what a server refuses is told apart."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from factories.alert_events import KEY, SECRET_WORDS, alert_event, tried_event
from fakes.mail_server import PASSWORD, USER, MailServer, mail_server

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.mail import MailDestination


def destination(server: MailServer, **changes: Any) -> MailDestination:
    made: dict[str, Any] = {
        "host": "localhost",
        "port": server.port,
        "sender": "tierwatch@example.com",
        "recipients": ("ada@example.com", "bo@example.com"),
        "context": server.trusted,
        "deadline_s": 20.0,
    }
    return MailDestination(**made | changes)


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_mail_arrives(security: str) -> None:
    with mail_server(security=security) as server:
        answer = destination(server, security=security).send(alert_event())
    assert answer == Answer("taken", "accepted for 2 of 2")
    [mail] = server.mails
    # aiosmtpd knows of the one kind: the other is below it.
    assert server.encrypted == [security == "starttls"]
    assert server.recipients == [["ada@example.com", "bo@example.com"]]
    assert (mail["From"], mail["Subject"]) == (
        "tierwatch@example.com",
        "[tierwatch] misroute, standard/all",
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    for part in ("18 % of answers", "Tier: standard", "https://watch.example/alerts/12"):
        assert part in text
    assert SECRET_WORDS not in text


def test_all_mails_of_an_alert_are_one_thread_and_a_copy_has_its_id() -> None:
    with mail_server() as server:
        here = destination(server)
        for what in ("opened", "opened", "acknowledged", "resolved"):
            here.send(alert_event(what))
        here.send(tried_event())
    ids = [mail["Message-ID"] for mail in server.mails]
    assert ids[0] == ids[1] == f"<12-opened.{KEY}@watch.example>"
    assert len(set(ids)) == 4
    assert {mail["References"] for mail in server.mails[:4]} == {f"<{KEY}@watch.example>"}


# aiosmtpd does not see that TLS came first.
@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_login_is_made_after_the_connection_is_encrypted(security: str) -> None:
    with mail_server(security=security, login=True) as server:
        known = {"security": security, "user": USER}
        assert destination(server, **known, password=PASSWORD).send(alert_event()).fate == "taken"
        wrong = destination(server, **known, password="wrong").send(alert_event())
        nobody = destination(server, security=security).send(alert_event())
    assert (wrong.fate, nobody.fate) == ("away", "away")
    assert wrong.detail.startswith("SMTP 535")
    assert "wrong" not in wrong.detail
    assert len(server.mails) == 1


@pytest.mark.parametrize("known", [{"password": "größe"}, {"user": "größe"}])
def test_a_login_that_is_not_ascii_is_mended_by_a_person(known: dict[str, str]) -> None:
    with mail_server(login=True) as server:
        answer = destination(server, **({"user": USER, "password": PASSWORD} | known)).send(
            alert_event()
        )
    assert answer == Answer("away", "not sent: the user or the password of SMTP is not ASCII")


@pytest.mark.parametrize("host", ["mail..example", f"{'a' * 64}.example"])
def test_a_host_that_cannot_be_a_name_is_mended_by_a_person(host: str) -> None:
    answer = destination(MailServer(port=25), host=host).send(alert_event())
    assert answer == Answer("away", "no connection (gaierror)")


def test_a_certificate_that_is_not_believed_gets_no_mail_and_no_password() -> None:
    with mail_server(login=True) as server:
        doubted = destination(server, context=None, user=USER, password=PASSWORD)
        answer = doubted.send(alert_event())
    assert (answer.fate, server.mails) == ("away", [])
    assert answer.detail == "no connection by TLS (CERTIFICATE_VERIFY_FAILED)"


def test_a_server_without_starttls_gets_no_mail_in_the_clear() -> None:
    with mail_server(security="none") as server:
        answer = destination(server).send(alert_event())
    assert (answer.fate, server.mails) == ("away", [])
    assert "STARTTLS" in answer.detail


@pytest.mark.parametrize(
    ("reply", "fate"), [("550 no such user", "never"), ("450 greylisted", "later")]
)
def test_refused_recipients(reply: str, fate: str) -> None:
    with mail_server() as server:
        server.replies["ada@example.com"] = reply
        assert destination(server).send(alert_event()) == Answer("taken", "accepted for 1 of 2")
        server.replies["bo@example.com"] = reply
        answer = destination(server).send(alert_event())
    assert (answer.fate, answer.detail) == (
        fate,
        f"no recipient is accepted; SMTP {reply[:3]}:{reply[3:]}",
    )


@pytest.mark.parametrize(
    ("reply", "fate"),
    [("554 spam", "never"), ("451 try later", "later"), ("530 log in first", "away")],
)
def test_a_refused_mail(reply: str, fate: str) -> None:
    with mail_server() as server:
        server.on_data = reply
        answer = destination(server).send(alert_event())
    assert (answer.fate, answer.detail) == (fate, f"SMTP {reply[:3]}:{reply[3:]}")


def _hang(connection: socket.socket, over: threading.Event) -> None:
    over.wait(60)
    connection.close()


def _drip(connection: socket.socket, over: threading.Event) -> None:
    with connection:
        while not over.wait(0.1):
            try:
                connection.sendall(b"2")
            except OSError:
                return


@contextmanager
def listening(does: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            does(connection, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


@pytest.mark.parametrize("does", [_hang, _drip])
def test_a_server_that_holds_the_line_is_left_at_the_deadline(
    does: Callable[[socket.socket, threading.Event], None],
) -> None:
    with listening(does) as port:
        server = MailServer(port=port)
        began = time.monotonic()
        answer = destination(server, host="127.0.0.1", deadline_s=0.5).send(alert_event())
        assert time.monotonic() - began < 20
    assert answer.fate == "away"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = destination(MailServer(port=port), host="127.0.0.1").send(alert_event())
    assert answer == Answer("away", "no connection (ConnectionRefusedError)")


def test_no_word_of_an_alert_becomes_a_header() -> None:
    with mail_server() as server:
        sent = alert_event(segment="x\r\nBcc: eve@example.com", kind="k\nSubject: y")
        assert destination(server).send(sent).fate == "taken"
    [mail] = server.mails
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("[tierwatch] k Subject: y, x Bcc:")


def test_words_of_any_language_arrive() -> None:
    with mail_server() as server:
        assert destination(server).send(alert_event(segment="größe/説明 🚦")).fate == "taken"
    assert "größe/説明 🚦" in server.mails[0]["Subject"]
    assert "größe/説明 🚦" in server.mails[0].get_content()


def test_the_password_is_never_shown() -> None:
    here = destination(MailServer(port=1), user=USER, password=PASSWORD)
    assert PASSWORD not in repr(here)
    assert here.send({"id": 1}).fate == "never"
