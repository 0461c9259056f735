"""Labels: a person compares a pair without knowing who answered, or what the judge said."""

import uuid
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import choice, sentence, skipped_pair
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.pairs.pair import kept_media, plain_text
from tierwatch.dashboard.passages import conversation_text, message_text
from tierwatch.dashboard.site import stored_text, this_person, this_site
from tierwatch.dashboard.texts.said import Said, said, said_in
from tierwatch.dashboard.texts.thoughts import without_thoughts
from tierwatch.dashboard.texts.tool_calls import CallDiff, call_diffs, tool_calls
from tierwatch.dashboard.texts.word_diff import WordDiff, word_diff
from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.compare.review import label_pair, shown_first, take_label_back
from tierwatch.loop.compare.tier_rates import TierNeed, tier_needs, tier_rates
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.labels.labels import WITHDRAW_MINUTES, label_counts, newest_label
from tierwatch.store.labels.second_labels import next_for_review
from tierwatch.store.pages.pair import Pair
from tierwatch.store.pages.pair import pair as load_pair

routes = Blueprint("label", __name__)

# Where pairs come from: the tier whose rate a label narrows most, or all tiers alike.
NARROWS: Final = "narrows"
RANDOM: Final = "random"
ORDERS: Final = (NARROWS, RANDOM)


@dataclass(frozen=True, slots=True)
class LabelPage:
    """A pair to compare; ``first`` and ``second`` do not say which was served.

    Attributes:
        order: in which pairs come, one of `ORDERS`; ``asked`` is the one that the address names.
        need: how far the tier that needs labels most is; not said to be this pair's, whose tier is
            hidden.
    """

    template: ClassVar[str] = "label.html"

    pair_id: uuid.UUID
    messages: tuple[Said, ...]
    older: int
    first: Said
    second: Said
    words: WordDiff | None
    calls: tuple[CallDiff, ...]
    labelled: int
    pairs: int
    problem: str
    note: str
    labelled_last: uuid.UUID | None
    undo_minutes: int
    order: str
    asked: str | None
    need: TierNeed | None
    withdrawn: bool = False


@routes.get("/review/next")
@require("reviewer")
def next_pair() -> ResponseReturnValue:
    """Go to the pair this person should label next."""
    skipped, order = skipped_pair(), choice("order", ORDERS)
    with this_site().engine.connect() as connection:
        judge = newest_judge_version(connection) or ""
        needs = [] if order == RANDOM else tier_needs(tier_rates(connection, judge))
        found = next_for_review(
            connection,
            this_person().name,
            judge_version=judge,
            tiers=[need.tier for need in needs],
            after=skipped,
        )
    if found is not None and found == skipped:
        flash("That is the only pair left for you to label.")
    if found is None:
        flash("There is no pair left for you to label.")
        return redirect(url_for("review.show"))
    return redirect(url_for("label.show", pair_id=found, order=order))


@routes.get("/review/<uuid:pair_id>")
@require("reviewer")
def show(pair_id: uuid.UUID) -> ResponseReturnValue:
    """Show a pair, blind."""
    return _page(pair_id, "", "", 200)


@routes.post("/review/<uuid:pair_id>")
@require("reviewer")
def label(pair_id: uuid.UUID) -> ResponseReturnValue:
    """Keep what this person said, and go on to the next pair."""
    said, note = request.form.get("said", ""), stored_text(request.form.get("note", ""))
    site, reviewer = this_site(), this_person().name
    try:
        with site.engine.begin() as connection:
            if load_pair(connection, pair_id) is None:
                abort(404)
            label_pair(
                connection, pair_id, reviewer=reviewer, said=said, note=note, redact=site.redact
            )
    except ConflictError:
        flash("You labelled that pair before; your first label stands.")
    except UsageError as problem:
        return _page(pair_id, sentence(problem), note, 400)
    else:
        flash("Thank you. Here is the next one.")
    return redirect(url_for("label.next_pair", order=choice("order", ORDERS)))


@routes.post("/review/<uuid:pair_id>/withdraw")
@require("reviewer")
def withdraw(pair_id: uuid.UUID) -> ResponseReturnValue:
    """Take this person's label of a pair back, and show it again with the note that was there."""
    try:
        with this_site().engine.begin() as connection:
            note = take_label_back(connection, pair_id, reviewer=this_person().name)
    except ConflictError as problem:
        flash(sentence(problem))
        return redirect(url_for("label.next_pair", order=choice("order", ORDERS)))
    return _page(pair_id, "", note, 200, withdrawn=True)


@routes.get("/review/<uuid:pair_id>/text/<any(request, first, second):which>")
@require("reviewer")
def text(pair_id: uuid.UUID, which: str) -> Response:
    """The whole of one text, as plain text."""
    with this_site().engine.connect() as connection:
        found = load_pair(connection, pair_id)
    if found is None or found.request is None:
        abort(404)
    if which == "request":
        whole = conversation_text(found.request)
    else:
        answers = _answers(found)
        if answers is None:
            abort(404)
        whole = message_text(answers[which == "second"])
    return plain_text(whole)


def _answers(pair: Pair) -> tuple[dict[str, object], dict[str, object]] | None:
    """Both answers in the order this person sees them, without what tells models apart.

    None when a text is gone.
    """
    if pair.answer is None or pair.alternative is None:
        return None
    served, other = without_thoughts(pair.answer), without_thoughts(pair.alternative)
    first = shown_first(pair.line.id, this_person().name)
    return (served, other) if first == "served" else (other, served)


def _page(
    pair_id: uuid.UUID, problem: str, note: str, status: int, *, withdrawn: bool = False
) -> ResponseReturnValue:
    with this_site().engine.connect() as connection:
        words = request.args.get("view") == "words"
        page = _label_page(connection, pair_id, problem, note, words=words)
    if page is None:
        abort(404)
    return render(replace(page, withdrawn=withdrawn)), status


def _label_page(
    connection: Connection, pair_id: uuid.UUID, problem: str, note: str, *, words: bool
) -> LabelPage | None:
    pair = load_pair(connection, pair_id)
    answers = None if pair is None else _answers(pair)
    if pair is None or pair.request is None or answers is None:
        return None
    media = kept_media(pair.media)
    messages, older = said_in(pair.request, media)
    judge = newest_judge_version(connection) or ""
    labelled, pairs = label_counts(connection, judge)
    needs = tier_needs(tier_rates(connection, judge))
    asked = choice("order", ORDERS)
    first, second = answers
    return LabelPage(
        pair_id=pair_id,
        messages=messages,
        older=older,
        first=said(first, media),
        second=said(second, media),
        words=word_diff(message_text(first), message_text(second)) if words else None,
        calls=call_diffs(tool_calls(first), tool_calls(second)),
        labelled=labelled,
        pairs=pairs,
        problem=problem,
        note=note,
        labelled_last=newest_label(connection, this_person().name),
        undo_minutes=WITHDRAW_MINUTES,
        order=asked or NARROWS,
        asked=asked,
        need=needs[0] if needs else None,
    )
