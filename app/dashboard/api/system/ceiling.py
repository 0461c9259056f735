"""The ceiling beside the saving, as the page has it."""

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Route
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.loop.report.ceiling import Ceiling, ceiling
from tierwatch.store.judgements.outcomes import newest_judge_version


def _ceiling(connection: Connection) -> Ceiling:
    tier = this_site().config.tiers[-1].name
    judge = newest_judge_version(connection) or ""
    return ceiling(connection, tier, judge, this_moment().date())


ROUTES = (
    Route(
        "GET",
        "/ceiling",
        "Whether the top tier is as good as it was, by month, beside what routing saves.",
        Ceiling,
        _ceiling,
    ),
)
