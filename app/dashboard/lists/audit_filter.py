"""Which lines of the audit the query asks for."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from flask import request

from tierwatch.dashboard.site import stored_text
from tierwatch.dashboard.time_range import moment
from tierwatch.errors import UsageError
from tierwatch.store.pages.audit import AuditFilter

FIELDS: Final = ("who", "what", "subject", "from", "to")
_LONGEST: Final = 200


def given_filter() -> dict[str, str]:
    """What the query has of the filter, as it was typed; empty where it has nothing."""
    return {name: stored_text(request.args.get(name, "")).strip()[:_LONGEST] for name in FIELDS}


def wanted_lines(given: Mapping[str, str], now: dt.datetime) -> tuple[AuditFilter, str]:
    """The filter that was typed, without what is not accepted of it, and what that was."""
    wanted = AuditFilter(given["who"] or None, given["what"] or None, given["subject"] or None)
    try:
        since, until = (
            moment(name, given[name], now) if given[name] else None for name in ("from", "to")
        )
    except UsageError as problem:
        return wanted, str(problem)
    if since is not None and until is not None and since >= until:
        return wanted, f"from: {given['from']} is not before to, {given['to']}"
    return replace(wanted, since=since, until=until), ""
