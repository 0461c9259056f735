"""Slack's calls: whose and of when they are is found out before anything of them is read."""

from typing import Any

import pytest
from factories.vendor_calls import lower, slack_call, slack_signed

from tierwatch.notify.returns.acknowledged import Acknowledged, RefusedCallError, Signer
from tierwatch.notify.returns.slack import read_slack

SECRET, KEY, NOW = "slack-s3cret", "tierwatch-12-1", 1_795_428_000
SIGNERS = [Signer("another", {}), Signer(SECRET, {"U012ABC": "ada"})]


def read(
    signers: list[Signer] = SIGNERS, at: int = NOW, now_s: float = NOW, **changes: Any
) -> Acknowledged | None:
    headers, body = slack_call(KEY, secret=SECRET, at=at, **changes)
    return read_slack(lower(headers), body, signers, now_s=now_s)


def test_who_acknowledged_what() -> None:
    found = read()
    assert found is not None
    assert (found.key, found.actor) == (KEY, "ada (slack)")
    unknown = read([Signer(SECRET, {})])
    assert unknown is not None
    assert unknown.actor == "slack: earline"
    later = read(at=NOW + 1)
    assert later is not None
    assert later.call != found.call


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "view_submission"},
        {"actions": []},
        {"actions": [{"action_id": "tierwatch_open"}]},
    ],
)
def test_what_nothing_follows_from(changes: dict[str, Any]) -> None:
    assert read(**changes) is None


@pytest.mark.parametrize("off", [-301, 301, -(10**9)])
def test_a_call_of_another_time_is_refused(off: int) -> None:
    with pytest.raises(RefusedCallError, match="ago, or ahead") as refused:
        read(at=NOW + off)
    assert refused.value.status == 401


@pytest.mark.parametrize("off", [-299, 0, 299])
def test_clocks_may_differ_by_five_minutes(off: int) -> None:
    assert read(at=NOW + off) is not None


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1" * 40, "१७", "1.5", " 1"])
def test_a_time_that_is_none_is_refused(stamp: str) -> None:
    headers, body = slack_call(KEY, secret=SECRET, at=NOW)
    known = lower(headers) | {"x-slack-request-timestamp": stamp}
    with pytest.raises(RefusedCallError):
        read_slack(known, body, SIGNERS, now_s=NOW)


def test_another_secret_body_time_or_version_is_refused() -> None:
    headers, body = slack_call(KEY, secret=SECRET, at=NOW)
    known = lower(headers)
    for changed, given_body in (
        ({}, body + b"&a=b"),
        ({"x-slack-request-timestamp": str(NOW + 1)}, body),
        ({"x-slack-signature": known["x-slack-signature"].replace("v0=", "v1=")}, body),
        ({"x-slack-signature": ""}, body),
    ):
        with pytest.raises(RefusedCallError, match="signing_secret"):
            read_slack(known | changed, given_body, SIGNERS, now_s=NOW)
    with pytest.raises(RefusedCallError, match="signing_secret"):
        read_slack(known, body, [Signer("another", {})], now_s=NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload",
        b"payload={",
        b"payload=[]",
        b"payload={}&payload={}",
        b"other={}",
        b"payload=null",
        b'payload={"actions": 7}',
        b"payload=" + b"[" * 60_000,
        b"\xff=\xff",
        b"&".join(b"a%d=1" % number for number in range(99)),
    ],
    ids=range(11),
)
def test_what_is_signed_and_not_of_its_form_is_refused(body: bytes) -> None:
    headers, _ = slack_signed(body, SECRET, NOW)
    with pytest.raises(RefusedCallError, match="interaction") as refused:
        read_slack(lower(headers), body, SIGNERS, now_s=NOW)
    assert refused.value.status == 400


@pytest.mark.parametrize("value", ["", "7", "[]", "{}", "{"])
def test_a_button_of_no_value_of_ours_is_refused(value: str) -> None:
    with pytest.raises(RefusedCallError):
        read(actions=[{"action_id": "tierwatch_acknowledge", "value": value}])
