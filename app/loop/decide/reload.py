"""Reload: which policies and task types the gateways run, as Postgres has them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.loop.decide.end import cancel_rollout
from tierwatch.routing.classify.learned import learned_classifier
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.store.learned.artefacts import artefact_at, model_artefacts
from tierwatch.store.learned.type_versions import active_types, active_version
from tierwatch.store.locks import take_lock
from tierwatch.store.policies import (
    active_policies,
    add_policy,
    add_takeover,
    last_of_tiers,
    lock_active,
    next_version,
    put_first_policy,
    set_active,
)
from tierwatch.store.proposals import UNDECIDED, proposals_in, put_end

# Any number that no other program uses for an advisory lock on this database.
_START_LOCK = 7_431_208

_log = structlog.get_logger(__name__)


class ActiveFor(NamedTuple):
    """The active policies, as a process with one file sees them.

    Attributes:
        policies: that are active; None before there are any.
        fit: whether they are for its file.
    """

    policies: ActivePolicies | None
    fit: bool


def current_policies(
    *, engine: Engine, first: Policy, learned: bool = True, file: str = ""
) -> ActivePolicies:
    """Return what should be active now, for a process that starts with a file.

    The first start on an empty database stores the configuration's policy. Where the active policy
    is of other tiers, or of learned models that the file has no use for, the file of the process
    that started last wins: the policy that was active last for its tiers becomes active again; if
    there is none, a new version is stored that keeps every threshold that still has a tier, those
    of task types too, but no promise, since any tier may now have another one above it. Where the
    configured classifier is no longer the learned one, it is a version without a model, and with
    the configured threshold wherever one was chosen for a model.

    A process that runs asks `active_for` instead, which writes nothing: two files would overwrite
    each other's policy for ever.

    Args:
        engine: Postgres.
        first: the configuration's policy.
        learned: whether the configured classifier is of the kind that learned models replace.
        file: the fingerprint of what matters of the file, for the record.
    """
    with engine.connect() as connection:
        active = active_policies(connection)
    if active is not None and fits(active, first, learned=learned):
        return active
    with engine.begin() as connection:
        # Processes that start together adapt once: whoever waited finds that it fits.
        take_lock(connection, _START_LOCK)
        put_first_policy(connection, first, salt=secrets.token_hex(8))
        lock_active(connection)
        active = active_policies(connection)
        if active is None:
            return ActivePolicies(stable=first)
        if fits(active, first, learned=learned):
            return active
        return _taken_over(connection, active, first, learned=learned, file=file)


def active_for(connection: Connection, first: Policy, *, learned: bool = True) -> ActiveFor:
    """What is active now, and whether it is a policy for this file. Writes nothing."""
    active = active_policies(connection)
    return ActiveFor(active, active is not None and fits(active, first, learned=learned))


def fits(active: ActivePolicies, first: Policy, *, learned: bool) -> bool:
    """Whether policies are of a file's tiers, and name no model that its classifier cannot use."""
    return set(active.stable.thresholds) == set(first.thresholds) and (
        learned or active.classifiers == {0}
    )


def stored_model(
    version: int,
    *,
    engine: Engine,
    tiers: Sequence[str],
    configured: Mapping[str, LocalClassifier],
    unfamiliar_share: float = 0.0,
) -> LocalTierClassifier:
    """The learned model of a version, as Postgres has it.

    Args:
        version: as a policy names it.
        engine: Postgres.
        tiers: names, cheapest first.
        configured: decides at boundaries the version has no artefact for.
        unfamiliar_share: as in `learned_classifier`.

    Raises:
        ArtefactError: it is missing, corrupt or foreign; names version and tier.
    """
    with engine.connect() as connection:
        artefacts = model_artefacts(connection, version)
    return learned_classifier(
        version, tiers, artefacts, configured, unfamiliar_share=unfamiliar_share
    )


def current_types(known: int, *, engine: Engine) -> tuple[int, bytes | None] | None:
    """The types that should be active: (version, artefact), (0, None) for none.

    None when that is the ``known`` version, so that the artefact is read only when it is new.
    """
    with engine.connect() as connection:
        if active_version(connection) == known:
            return None
        stored = active_types(connection)
    return (0, None) if stored is None else (stored.version, stored.artefact)


def _taken_over(
    connection: Connection, active: ActivePolicies, first: Policy, *, learned: bool, file: str
) -> ActivePolicies:
    """Make a policy of this file's the active one, in place of another file's."""
    _end_undecided(connection, first, learned=learned)
    policy = last_of_tiers(connection, first)
    if policy is None or not fits(ActivePolicies(policy), first, learned=learned):
        policy = _adapted(connection, active.stable, first, learned=learned)
    set_active(connection, stable=policy.version, candidate=None, share=0.0, salt=active.salt)
    add_takeover(
        connection,
        policy,
        instead_of=active.stable,
        file=file,
        thresholds=dict(policy.thresholds),
        by_task={task: dict(own) for task, own in policy.by_task.items()},
    )
    _log.warning(
        f"the tiers below the top of this file ({_names(first)}) or its classifier are not those of"
        f" the fleet's active policy {active.stable.version} ({_names(active.stable)}): policy"
        f" {policy.version} is active from now on, and gateways with another file keep their own",
        file=file,
    )
    return ActivePolicies(stable=policy, salt=active.salt)


def _names(policy: Policy) -> str:
    return ", ".join(policy.thresholds) or "none"


def _end_undecided(connection: Connection, first: Policy, *, learned: bool) -> None:
    """End rollouts, and the proposals that this file has no place for."""
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        if proposal.state == "rolling_out":
            why = "the configured tiers or the classifier changed"
            cancel_rollout(connection, proposal, actor="configuration", why=why)
        elif proposal.kind == "replacement":
            continue  # of any tier, the top one too; whether it still is about who serves is asked
        elif proposal.tier not in first.thresholds or (proposal.kind == "model" and not learned):
            why = "its tier or its kind of classifier left the configuration"
            put_end(connection, proposal.id, "expired", why=why)


def _adapted(connection: Connection, stable: Policy, first: Policy, *, learned: bool) -> Policy:
    """A new version for this file, with what it can keep of another file's."""
    model = stable.classifier
    kept = {
        tier: value
        for tier, value in stable.thresholds.items()
        if tier in first.thresholds and (learned or not artefact_at(connection, model, tier))
    }
    policy = replace(
        first,
        version=next_version(connection),
        thresholds={**first.thresholds, **kept},
        by_task={
            task: own
            for task, changed in stable.by_task.items()
            if (own := {tier: value for tier, value in changed.items() if tier in kept})
        },
        classifier=model if learned else 0,
        drained={task: tiers & first.thresholds.keys() for task, tiers in stable.drained.items()},
        models=stable.models,  # each holds where this file names what it replaced
    )
    if stable.thresholds.keys() == first.thresholds.keys():
        promised = {tier: rate for tier, rate in stable.promised.items() if tier in kept}
        policy = policy.with_promises(promised, quality=stable.promised_for)
    why = "the tiers or the classifier changed"
    add_policy(connection, policy, author="configuration", reason=why, base=stable.version)
    return policy
