"""Budget: say when the day's evaluation budget is spent and sampling has stopped."""

from sqlalchemy import Connection, text

from tierwatch.evaluation.evidence.alert_evidence import BudgetEvidence
from tierwatch.loop.watch.alert import open_alert
from tierwatch.store.alerts import NewAlert, last_of_cause
from tierwatch.store.costs import spent_today


def watch_budget(connection: Connection, budget_usd_per_day: float | None) -> None:
    """Open the day's alert once what was spent reaches the budget; None is no limit."""
    if budget_usd_per_day is None:
        return
    spent = spent_today(connection)
    if spent < budget_usd_per_day:
        return
    day = connection.execute(text("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD')"))
    cause = f"budget:{day.scalar_one()}"
    if last_of_cause(connection, cause) is not None:
        return  # once a day, also where a person has resolved it since
    new = NewAlert(
        cause=cause,
        tier="",
        segment="all",
        summary=(
            f"Today's evaluation budget of {budget_usd_per_day:.2f} USD is spent"
            f" ({spent:.2f} USD); no further exchanges are sampled before midnight UTC."
        ),
        pairs=0,
        evidence=BudgetEvidence(spent_usd=spent, budget_usd=budget_usd_per_day),
    )
    open_alert(connection, new)
