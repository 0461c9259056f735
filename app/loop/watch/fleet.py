"""Fleet: gateways whose files differ. One alert, while both are there."""

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.fleet_evidence import FleetEvidence
from tierwatch.loop.watch.alert import open_alert, resolve_alert
from tierwatch.routing.policy import Policy
from tierwatch.store.alerts import NewAlert, unresolved_alert

CAUSE = "fleet"


def alert_of_difference(connection: Connection, active: Policy, own: Policy) -> int | None:
    """Open the alert that a gateway serves by another file than the fleet's; None if it is open.

    Args:
        connection: in a transaction.
        active: the policy that the gateway started last made active.
        own: the first policy of this gateway's file.
    """
    theirs, ours = ", ".join(active.thresholds), ", ".join(own.thresholds)
    return open_alert(
        connection,
        NewAlert(
            cause=CAUSE,
            tier="",
            segment="fleet",
            summary=(
                f"Gateways serve by different files: the active policy {active.version} is for"
                f" tiers {theirs} below the top, and at least one gateway has {ours} and goes on"
                " serving by its own last policy. Thresholds are judged and changed for the active"
                " policy's tiers alone. While a new file is being rolled out this is to be"
                " expected; else give all gateways one file, the one that is to be active last."
            ),
            pairs=0,
            evidence=FleetEvidence(
                policy_version=active.version,
                active_tiers=tuple(active.thresholds),
                file_tiers=tuple(own.thresholds),
            ),
        ),
    )


def resolve_difference(connection: Connection) -> None:
    """Resolve it: the gateway that said so agrees, or leaves. Another one says it again."""
    alert = unresolved_alert(connection, CAUSE)
    if alert is not None:
        resolve_alert(connection, alert.id, actor="tierwatch")
