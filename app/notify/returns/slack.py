"""Slack's interactivity: somebody has pressed a button of ours."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from tierwatch.notify.channels.slack import ACKNOWLEDGE
from tierwatch.notify.returns.acknowledged import (
    Acknowledged,
    RefusedCallError,
    Signer,
    actor_of,
    signer_of,
)

SIGNATURE: Final = "x-slack-signature"
TIMESTAMP: Final = "x-slack-request-timestamp"
# As Slack asks: older calls may be somebody's recording.
WINDOW_S: Final = 300
_DIGITS: Final = 12


def read_slack(
    headers: Mapping[str, str], body: bytes, signers: Sequence[Signer], *, now_s: float
) -> Acknowledged | None:
    """What a call says; None for one that is genuine and of no consequence here.

    Args:
        headers: of the call, by lower-case names or in any case-blind mapping.
        body: as it was sent.
        signers: who may have sent it.
        now_s: epoch seconds.

    Raises:
        RefusedCallError: nobody's signature, one of another time, or no form of theirs.
    """
    stamp = headers.get(TIMESTAMP, "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _DIGITS):
        raise RefusedCallError(401, f"{TIMESTAMP} is missing or no number of seconds")
    if abs(now_s - int(stamp)) > WINDOW_S:
        raise RefusedCallError(401, f"signed more than {WINDOW_S} s ago, or ahead")
    version, _, signature = headers.get(SIGNATURE, "").partition("=")
    signed = b"v0:" + stamp.encode() + b":" + body
    signer = signer_of(signed, [signature] if version == "v0" else [], signers)
    if signer is None:
        raise RefusedCallError(401, "the signature is not of a signing_secret of kind slack")
    try:
        [payload] = parse_qs(body.decode(), strict_parsing=True, max_num_fields=8)["payload"]
        return _acknowledged(json.loads(payload), signer, signature)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise RefusedCallError(400, "not an interaction of Slack's") from None


def _acknowledged(
    payload: Mapping[str, Any], signer: Signer, signature: str
) -> Acknowledged | None:
    pressed = [one for one in payload.get("actions", []) if one.get("action_id") == ACKNOWLEDGE]
    if payload["type"] != "block_actions" or not pressed:
        return None
    user = payload["user"]
    name = user.get("name") or user.get("username") or ""
    who = actor_of("slack", str(user["id"]), name, signer.people)
    return Acknowledged(str(json.loads(pressed[0]["value"])["key"]), who, f"slack {signature}")
