"""Reload: which policies the gateways run, as Postgres has them."""

import secrets
from dataclasses import replace

import structlog
from sqlalchemy import Engine, func

from app.loop.approve import cancel_rollout
from app.routing.policy import ActivePolicies, Policy
from app.store.audit import add_audit
from app.store.policies import (
    active_policies,
    add_policy,
    lock_active,
    next_version,
    put_first_policy,
    set_active,
)
from app.store.proposals import UNDECIDED, proposals_in, set_proposal

_log = structlog.get_logger(__name__)


def current_policies(*, engine: Engine, first: Policy) -> ActivePolicies:
    """Return what should be in force now.

    The first call on an empty database stores the configuration's policy. After a change of the
    configured tiers, a new version is stored that keeps every threshold that still has a tier.

    Args:
        engine: Postgres.
        first: the configuration's policy.
    """
    with engine.connect() as connection:
        active = active_policies(connection)
    if active is None:
        with engine.begin() as connection:
            put_first_policy(connection, first, salt=secrets.token_hex(8))
        return current_policies(engine=engine, first=first)
    if set(active.stable.thresholds) != set(first.thresholds):
        return _adapted(engine, first)
    return active


def _adapted(engine: Engine, first: Policy) -> ActivePolicies:
    with engine.begin() as connection:
        row = lock_active(connection)
        active = active_policies(connection)
        if active is None or set(active.stable.thresholds) == set(first.thresholds):
            return ActivePolicies(stable=first) if active is None else active
        for proposal in proposals_in(connection, *UNDECIDED, lock=True):
            if proposal.state == "rolling_out":
                why = "the configured tiers changed"
                cancel_rollout(connection, proposal, actor="configuration", why=why)
            elif proposal.tier not in first.thresholds:
                why = "its tier left the configuration"
                set_proposal(
                    connection, proposal.id, state="expired", ended_at=func.now(), ended_why=why
                )
        thresholds = {
            tier: active.stable.thresholds.get(tier, value)
            for tier, value in first.thresholds.items()
        }
        policy = replace(first, version=next_version(connection), thresholds=thresholds)
        add_policy(connection, policy, author="configuration", reason="the tiers changed")
        set_active(connection, stable=policy.version, candidate=None, share=0.0, salt=row.salt)
        add_audit(
            connection,
            actor="configuration",
            action="policy.adapted",
            subject=f"policy/{policy.version}",
            thresholds=thresholds,
        )
    _log.warning("the configured tiers changed; policy adapted", version=policy.version)
    return ActivePolicies(stable=policy, salt=row.salt)
