"""The report of a proposal: on paper, as Markdown, as JSON."""

from dataclasses import asdict, dataclass
from typing import ClassVar

import orjson
from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from tierwatch.dashboard.arguments import ID
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.reports.markdown import report_markdown
from tierwatch.dashboard.reports.proposal_report import ProposalReport, proposal_report
from tierwatch.dashboard.site import this_moment, this_site

routes = Blueprint("proposal_report", __name__)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The report of a proposal, ready to print."""

    template: ClassVar[str] = "proposal_report.html"

    report: ProposalReport


@routes.get(f"/proposals/<{ID}:proposal_id>/report")
def show(proposal_id: int) -> str:
    """The report as a page that prints."""
    return render(ReportPage(_report(proposal_id)))


@routes.get(f"/proposals/<{ID}:proposal_id>/report.<any(md, json):form>")
def download(proposal_id: int, form: str) -> ResponseReturnValue:
    """The report as a file."""
    report = _report(proposal_id)
    body, kind = (
        (report_markdown(report).encode(), "text/markdown; charset=utf-8")
        if form == "md"
        else (orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2), "application/json")
    )
    response = Response(body, content_type=kind)
    name = f"proposal-{proposal_id}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _report(proposal_id: int) -> ProposalReport:
    site = this_site()
    with site.engine.connect() as connection:
        found = proposal_report(connection, proposal_id, site.config, now=this_moment())
    if found is None:
        abort(404)
    return found
