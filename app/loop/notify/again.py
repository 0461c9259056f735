"""Again: let a person retry what has failed, with a line in the audit."""

from sqlalchemy import Connection

from tierwatch.store.audit import add_audit
from tierwatch.store.outbox.deliveries import retry_failed


def retry_deliveries(connection: Connection, *, actor: str, alert_id: int | None = None) -> int:
    """Let failed deliveries wait again, of one alert or of all; how many they were."""
    count = retry_failed(connection, alert_id=alert_id)
    if count:
        subject = "notifications" if alert_id is None else f"alert/{alert_id}"
        add_audit(
            connection, actor=actor, action="deliveries.retried", subject=subject, count=count
        )
    return count
