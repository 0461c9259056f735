"""PagerDuty's webhooks of version 3: an incident that somebody acknowledged or resolved there."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tierwatch.notify.returns.acknowledged import (
    Acknowledged,
    RefusedCallError,
    Signer,
    actor_of,
    signer_of,
)

SIGNATURE: Final = "x-pagerduty-signature"
# Whoever resolves an incident has dealt with it, and that is all they say: whether answers are
# good again is found out here. Nobody is notified again meanwhile.
_ACKNOWLEDGES: Final = frozenset({"incident.acknowledged", "incident.resolved"})
# More are not computed: a key that is being replaced makes two.
_MOST_SIGNATURES: Final = 8


def read_pagerduty(
    headers: Mapping[str, str], body: bytes, signers: Sequence[Signer]
) -> Acknowledged | None:
    """What a call says; None for one that is genuine and of no consequence here.

    Args:
        headers: of the call, by lower-case names or in any case-blind mapping.
        body: as it was sent.
        signers: who may have sent it.

    Raises:
        RefusedCallError: nobody's signature, or no form of theirs.
    """
    parts = headers.get(SIGNATURE, "").split(",")[:_MOST_SIGNATURES]
    versions = (part.strip().partition("=") for part in parts)
    signatures = [digest for version, _, digest in versions if version == "v1"]
    signer = signer_of(body, signatures, signers)
    if signer is None:
        raise RefusedCallError(401, "the signature is not of a signing_secret of kind pagerduty")
    try:
        event = json.loads(body)["event"]
        return _acknowledged(event, signer) if event["event_type"] in _ACKNOWLEDGES else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise RefusedCallError(400, "not a webhook of PagerDuty's version 3") from None


def _acknowledged(event: Mapping[str, Any], signer: Signer) -> Acknowledged | None:
    agent = event.get("agent")
    # An integration, ours among them, is nobody: it repeats what somebody did elsewhere.
    if agent is None or agent.get("type") not in {"user", "user_reference"}:
        return None
    who = actor_of("pagerduty", str(agent["id"]), agent.get("summary") or "", signer.people)
    return Acknowledged(str(event["data"]["incident_key"]), who, f"pagerduty {event['id']}")
