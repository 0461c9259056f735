"""What a proposal changes in the settings of a router that is only watched, in words and as a diff.

Page, paper, API and terminal show the same: the diff of that router's own file, whose turn it is,
and what cannot be observed of its effect.
"""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from tierwatch.dashboard.figures import when
from tierwatch.dashboard.reports.proposal_words import ProposalWords
from tierwatch.errors import ConflictError
from tierwatch.loop.decide.foreign.hand_over import Watched, change_for
from tierwatch.store.proposals import Proposal
from tierwatch.store.watched.router_changes import RouterChange, change_of

_UNSEEN: Final = (
    "It is applied to all requests at once: no share of sessions stays with the former thresholds,"
    " so whatever else changes at that moment counts as its effect. What its router decides by a"
    " rule, and not by its score, is outside the evidence."
)


@dataclass(frozen=True, slots=True)
class RouterChangeShown:
    """A change of a watched router.

    Attributes:
        router: its name, or its kind.
        file: that is changed; "" where no diff can be shown.
        state: ``proposed``, or of the stored change.
        says: whose turn it is, or why there is no diff.
        unseen: what cannot be observed of its effect.
        diff: of its file; "" where there is none.
        undo: the way back.
        next: what a person may say now, ``applied`` or ``undone``; "" for nothing.
    """

    router: str
    file: str
    state: str
    says: str
    unseen: str
    diff: str
    undo: str
    next: str


def router_change(
    connection: Connection, proposal: Proposal, watched: Watched | None
) -> RouterChangeShown | None:
    """What a proposal changes in a watched router; None where it changes none.

    Args:
        connection: any.
        proposal: as it is stored.
        watched: the router of the configuration; None without one.
    """
    stored = change_of(connection, proposal.id)
    if stored is not None:
        return _stored(stored)
    if watched is None or proposal.state != "open":
        return None
    name = watched.router.name or watched.router.kind
    try:
        change = change_for(connection, proposal, watched.router)
    except ConflictError as problem:
        return RouterChangeShown(
            name, "", "proposed", f"There is no diff: {problem}.", "", "", "", ""
        )
    who = "its webhook is asked to apply it" if watched.webhook else "a person applies it"
    says = f"This is its whole change. tierwatch writes no file: once it is approved, {who}."
    return RouterChangeShown(
        name, change.file, "proposed", says, _UNSEEN, change.diff, change.undo, ""
    )


def with_router(words: ProposalWords, change: RouterChangeShown | None) -> ProposalWords:
    """A proposal in words, where it is a router that is only watched that changes."""
    if change is None:
        return words
    _, _, after = words.ends.partition(" It completes")
    ends = (
        f"Approved, it waits until {change.router} runs with it; then all its requests are watched."
    )
    return replace(
        words,
        ends=f"{ends} It completes{after}" if after else ends,
        undo=(
            f"Apply the second diff to {change.file or 'its settings'}. Where more is misrouted"
            " than was promised, tierwatch asks for that by itself, and again follows what the"
            " router's log says. Its thresholds cannot be rolled back from the Policies page."
        ),
    )


def _stored(change: RouterChange) -> RouterChangeShown:
    turn = {"waiting": "applied", "undo": "undone"}.get(change.state, "")
    return RouterChangeShown(
        change.router,
        change.file,
        change.state,
        _says(change),
        _UNSEEN,
        change.diff,
        change.undo,
        turn,
    )


def _says(change: RouterChange) -> str:
    if change.state == "waiting":
        return f"Approved; {change.router} does not run with it yet. {_asked(change)}"
    if change.state == "undo":
        return (
            f"{change.router} runs with it, and it is to be taken back: apply the second diff."
            f" {_asked(change)}"
        )
    if change.state == "applied":
        return f"Applied {when(change.applied_at)}, as said by {change.applied_by}."
    if change.state == "undone":
        return f"Undone {when(change.undone_at)}, as said by {change.undone_by}."
    return f"Over: {change.router} runs with other thresholds than it was made for."


def _asked(change: RouterChange) -> str:
    if not change.webhook:
        return "Say so once it does; where its log has its thresholds, that is seen by itself."
    if not change.tries:
        return "Its webhook is asked within seconds."
    times = "once" if change.tries == 1 else f"{change.tries} times"
    again = "" if change.try_at is None else f"; it is asked again {when(change.try_at)}"
    return f"Its webhook was asked {times}, and last said: {change.answer}{again}."
