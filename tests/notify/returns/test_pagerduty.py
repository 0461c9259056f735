"""PagerDuty's calls: whose they are is found out before anything of them is read."""

import json
from contextlib import suppress
from typing import Any

import pytest
from factories.vendor_calls import lower, pagerduty_call, pagerduty_signed
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.notify.returns.acknowledged import Acknowledged, RefusedCallError, Signer
from tierwatch.notify.returns.pagerduty import read_pagerduty

SECRET, KEY = "pd-s3cret", "tierwatch-12-1"
SIGNERS = [Signer("another", {}), Signer(SECRET, {"PXPGF42": "ada"})]


def read(signers: list[Signer] = SIGNERS, **changes: Any) -> Acknowledged | None:
    headers, body = pagerduty_call(KEY, secret=SECRET, **changes)
    return read_pagerduty(lower(headers), body, signers)


@pytest.mark.parametrize("kind", ["incident.acknowledged", "incident.resolved"])
def test_who_acknowledged_what(kind: str) -> None:
    call = "pagerduty 5ac64822-4adc-4fda-ade0-410becf0de4f"
    assert read(event_type=kind) == Acknowledged(KEY, "ada (pagerduty)", call)
    unknown = read([Signer(SECRET, {})], event_type=kind)
    assert unknown is not None
    assert unknown.actor == "pagerduty: Earline Greenholt"


@pytest.mark.parametrize(
    "changes",
    [
        {"event_type": "incident.triggered"},
        {"event_type": "pagey.ping", "agent": None, "data": {"message": "Hello", "type": "ping"}},
        {"agent": None},
        # What we had said ourselves.
        {"agent": {"id": "P1", "type": "generic_events_api_inbound_integration_reference"}},
    ],
)
def test_what_nothing_follows_from(changes: dict[str, Any]) -> None:
    assert read(**changes) is None


def test_another_secret_another_body_and_no_signature_are_refused() -> None:
    headers, body = pagerduty_call(KEY, secret=SECRET)
    known = lower(headers)
    for given_headers, given_body, signers in (
        (known, body, [Signer("another", {})]),
        (known, body + b" ", SIGNERS),
        ({}, body, SIGNERS),
        (
            {"x-pagerduty-signature": known["x-pagerduty-signature"].replace("v1", "v2")},
            body,
            SIGNERS,
        ),
        ({"x-pagerduty-signature": "v1=x," * 8 + known["x-pagerduty-signature"]}, body, SIGNERS),
    ):
        with pytest.raises(RefusedCallError, match="signing_secret") as refused:
            read_pagerduty(given_headers, given_body, signers)
        assert refused.value.status == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"event": null}',
        b'{"event": {"event_type": []}}',
        b'{"event": {"event_type": "incident.acknowledged", "agent": 7}}',
        b"[" * 60_000,
        b"\xff",
    ],
    ids=range(9),
)
def test_what_is_signed_and_not_of_its_form_is_refused(body: bytes) -> None:
    headers, _ = pagerduty_signed(body, SECRET)
    with pytest.raises(RefusedCallError, match="version 3") as refused:
        read_pagerduty(lower(headers), body, SIGNERS)
    assert refused.value.status == 400


@given(st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_signed_json_is_read_or_refused(value: Any) -> None:
    headers, body = pagerduty_signed(json.dumps({"event": value}).encode(), SECRET)
    with suppress(RefusedCallError):
        assert read_pagerduty(lower(headers), body, SIGNERS) is None
