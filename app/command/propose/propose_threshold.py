"""`tierwatch propose-threshold`: a threshold that a person names becomes their proposal."""

import json
from getpass import getuser
from typing import TYPE_CHECKING, Any

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tierwatch.loop.decide.approvals import ApprovalRules
    from tierwatch.store.proposals import Proposal


@click.command("propose-threshold")
@click.option("--tier", required=True, help="The tier that keeps what is above the threshold.")
@click.option("--threshold", required=True, type=float, help="0 to 1, with two decimals.")
@click.option("--reason", required=True, help="Why; it stands on the proposal and in the audit.")
@click.option("--task-type", default="all", show_default=True, help="Of one task type alone.")
@click.option("--user", help="The dashboard user who proposes; another one then approves.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@ends_in_a_sentence
def command(**asked: Any) -> None:
    """Propose a threshold by hand, with the evidence that a search would give it.

    Nothing changes before it is approved. Each test uses up a part of the tier's error budget.

    tierwatch propose-threshold --tier simple --threshold 0.65 --reason "too dear" --user ada
    """
    run_propose_threshold(asked)


def run_propose_threshold(asked: dict[str, Any]) -> None:
    """Propose it, and say what came of the test.

    Raises:
        UsageError: something that was asked for cannot be; says what can.
        ConflictError: another proposal comes first, or nothing can be tested now.
    """
    from tierwatch.command.database import opened_database, settings_here
    from tierwatch.config import load_config
    from tierwatch.loop.improve.by_hand.propose_threshold import NamedThreshold, propose_threshold
    from tierwatch.runtime.rules import approval_rules, named_threshold_rules
    from tierwatch.store.proposals import load_proposal

    settings = settings_here()
    config = load_config(settings.config)
    approvals = approval_rules(config)
    with opened_database(settings.database_url) as engine, engine.begin() as connection:
        made = propose_threshold(
            connection,
            NamedThreshold(asked["tier"], asked["threshold"], asked["task_type"]),
            rules=named_threshold_rules(config),
            approvals=approvals,
            actor=f"{getuser()} (command line)",
            person=proposing_user(connection, asked["user"], approvals),
            # What is no text comes from a terminal as lone surrogates, which Postgres refuses.
            why=asked["reason"].encode(errors="replace").decode(),
        )
        proposal = load_proposal(connection, made)
    if proposal is not None:
        _show(proposal, as_json=asked["as_json"])


def proposing_user(
    connection: "Connection", name: str | None, approvals: "ApprovalRules"
) -> str | None:
    """The user of this name, who may propose; None where none is named and none needs to be.

    Raises:
        UsageError: no such user, or one who may not approve, and so not propose; or none is named,
            and another person than the proposer has to approve.
    """
    from tierwatch.store.people.accounts import load_user
    from tierwatch.store.people.roles import Person, accepted_role

    if name is None:
        if approvals.ask_who_proposes:
            raise UsageError(
                "--user: found nothing; accepted: the dashboard user who proposes, since another"
                " person than the proposer has to approve"
            )
        return None
    user = load_user(connection, name)
    if user is None or user.disabled_at is not None:
        raise UsageError(f"--user: found {name!r}; accepted: a user who may enter the dashboard")
    if not Person(user.name, accepted_role(user.role)).may("approver"):
        raise UsageError(
            f"--user: found {name!r}, a {user.role}; accepted: an approver or an admin"
        )
    return user.name


def _show(proposal: "Proposal", *, as_json: bool) -> None:
    from tierwatch.evaluation.evidence.document import Unreadable

    evidence = proposal.evidence
    reason = "" if isinstance(evidence, Unreadable) else getattr(evidence, "reason", "")
    if as_json:
        say(
            json.dumps(
                {
                    "proposal": proposal.id,
                    "tier": proposal.tier,
                    "task_type": proposal.task_type,
                    "from": proposal.from_threshold,
                    "to": proposal.to_threshold,
                    "certified": proposal.certified,
                    "pairs": proposal.pairs,
                    "reason": reason,
                    "proposed_by": proposal.proposed_by,
                },
                indent=2,
            )
        )
        return
    of = proposal.tier
    if proposal.task_type != "all":
        of += f", task type {proposal.task_type}"
    say(
        f"proposal {proposal.id} by {proposal.proposed_by}: {of},"
        f" {proposal.from_threshold:.2f} to {proposal.to_threshold:.2f}"
    )
    say(f"{'certified' if proposal.certified else 'not certified'}: {reason}")
    say("it waits for a decision on the dashboard, under Proposals")
