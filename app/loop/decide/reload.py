"""Reload: which policies and task types the gateways run, as Postgres has them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Engine

from tierwatch.loop.decide.end import cancel_rollout
from tierwatch.routing.classify.learned import learned_classifier
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.store.audit import add_audit
from tierwatch.store.learned.artefacts import artefact_at, model_artefacts
from tierwatch.store.learned.type_versions import active_types, active_version
from tierwatch.store.policies import (
    active_policies,
    add_policy,
    lock_active,
    next_version,
    put_first_policy,
    set_active,
)
from tierwatch.store.proposals import UNDECIDED, proposals_in, put_end

_log = structlog.get_logger(__name__)


def current_policies(*, engine: Engine, first: Policy, learned: bool = True) -> ActivePolicies:
    """Return what should be active now.

    The first call on an empty database stores the configuration's policy. After a change of the
    configured tiers, a new version is stored that keeps every threshold that still has a tier,
    those of task types too, but no promise, since any tier may now have another one above it; when
    the configured classifier is no longer the learned one, a version without a model, and with the
    configured threshold wherever one was chosen for a model.

    Args:
        engine: Postgres.
        first: the configuration's policy.
        learned: whether the configured classifier is of the kind that learned models replace.
    """
    with engine.connect() as connection:
        active = active_policies(connection)
    if active is None:
        with engine.begin() as connection:
            put_first_policy(connection, first, salt=secrets.token_hex(8))
        return current_policies(engine=engine, first=first, learned=learned)
    return active if _fits(active, first, learned=learned) else _adapted(engine, first, learned)


def stored_model(
    version: int,
    *,
    engine: Engine,
    tiers: Sequence[str],
    configured: Mapping[str, LocalClassifier],
) -> LocalTierClassifier:
    """The learned model of a version, as Postgres has it.

    Args:
        version: as a policy names it.
        engine: Postgres.
        tiers: names, cheapest first.
        configured: decides at boundaries the version has no artefact for.

    Raises:
        ArtefactError: it is missing, corrupt or foreign; names version and tier.
    """
    with engine.connect() as connection:
        artefacts = model_artefacts(connection, version)
    return learned_classifier(version, tiers, artefacts, configured)


def current_types(known: int, *, engine: Engine) -> tuple[int, bytes | None] | None:
    """The types that should be active: (version, artefact), (0, None) for none.

    None when that is the ``known`` version, so that the artefact is read only when it is new.
    """
    with engine.connect() as connection:
        if active_version(connection) == known:
            return None
        stored = active_types(connection)
    return (0, None) if stored is None else (stored.version, stored.artefact)


def _fits(active: ActivePolicies, first: Policy, *, learned: bool) -> bool:
    return set(active.stable.thresholds) == set(first.thresholds) and (
        learned or active.classifiers == {0}
    )


def _adapted(engine: Engine, first: Policy, learned: bool) -> ActivePolicies:  # noqa: FBT001 - of this module
    with engine.begin() as connection:
        lock_active(connection)
        active = active_policies(connection)
        if active is None or _fits(active, first, learned=learned):
            return ActivePolicies(stable=first) if active is None else active
        for proposal in proposals_in(connection, *UNDECIDED, lock=True):
            if proposal.state == "rolling_out":
                why = "the configured tiers or the classifier changed"
                cancel_rollout(connection, proposal, actor="configuration", why=why)
            elif proposal.tier not in first.thresholds or (
                proposal.kind == "model" and not learned
            ):
                why = "its tier or its kind of classifier left the configuration"
                put_end(connection, proposal.id, "expired", why=why)
        model = active.stable.classifier
        kept = {
            tier: value
            for tier, value in active.stable.thresholds.items()
            if tier in first.thresholds and (learned or not artefact_at(connection, model, tier))
        }
        thresholds = {**first.thresholds, **kept}
        by_task = {
            task: own
            for task, changed in active.stable.by_task.items()
            if (own := {tier: value for tier, value in changed.items() if tier in kept})
        }
        policy = replace(
            first,
            version=next_version(connection),
            thresholds=thresholds,
            by_task=by_task,
            classifier=model if learned else 0,
        )
        if active.stable.thresholds.keys() == first.thresholds.keys():
            promised = {tier: rate for tier, rate in active.stable.promised.items() if tier in kept}
            policy = policy.with_promises(promised, quality=active.stable.promised_for)
        why = "the tiers or the classifier changed"
        add_policy(connection, policy, author="configuration", reason=why)
        set_active(connection, stable=policy.version, candidate=None, share=0.0, salt=active.salt)
        add_audit(
            connection,
            actor="configuration",
            action="policy.adapted",
            subject=f"policy/{policy.version}",
            thresholds=thresholds,
            by_task=by_task,
        )
    _log.warning(
        "the configured tiers or the classifier changed; policy adapted", version=policy.version
    )
    return ActivePolicies(stable=policy, salt=active.salt)
