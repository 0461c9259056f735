"""The list of proposals."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.dashboard.arguments import before_number, wants
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.proposals.proposal_line import ProposalLine, proposal_line
from tierwatch.dashboard.site import this_site
from tierwatch.store.pages.lists import PAGE, proposals

routes = Blueprint("proposals", __name__)


@dataclass(frozen=True, slots=True)
class ProposalsPage:
    """Proposals, newest first; ``before`` leads to older ones.

    Only those that are neither active nor ended are listed when they are ``undecided``.
    """

    template: ClassVar[str] = "proposals.html"

    proposals: tuple[ProposalLine, ...]
    before: int | None
    undecided: bool = False


@routes.get("/proposals")
def show() -> str:
    """Proposals, newest first."""
    with this_site().engine.connect() as connection:
        page = proposals_page(connection, before_number(), undecided=wants("undecided"))
    return render(page)


def proposals_page(
    connection: Connection, before: int | None, *, undecided: bool = False
) -> ProposalsPage:
    """Fill a page of proposals."""
    found = proposals(connection, undecided=undecided, before=before)
    older = found[-1].id if len(found) == PAGE else None
    return ProposalsPage(tuple(map(proposal_line, found)), older, undecided)
