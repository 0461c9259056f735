"""The report: the whole state in one document."""

from typing import Any

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Route
from tierwatch.dashboard.site import this_site
from tierwatch.loop.report.build import build_report


def _report(connection: Connection) -> dict[str, Any]:
    return dict(build_report(connection, this_site().config))


ROUTES = (Route("GET", "/report", "The whole state in one document.", dict[str, Any], _report),)
