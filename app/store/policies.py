"""Policies and which one is active."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, Select, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from tierwatch.routing.policy import ActivePolicies, Policy, models_from_json
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.store.audit import add_audit
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow
from tierwatch.store.schema.values import select_fields

_TAKEN_OVER = "policy.adapted"


@dataclass(frozen=True, slots=True)
class ActiveVersions:
    """Which policy serves everybody, and which one a share of sessions, chosen by the salt."""

    stable_version: int
    candidate_version: int | None
    share: float
    salt: str
    changed_at: dt.datetime


def load_policy(connection: Connection, version: int) -> Policy | None:
    """Return one version, or None."""
    found = connection.execute(
        select(*POLICY_COLUMNS).where(PolicyRow.version == version)
    ).mappings()
    row = found.one_or_none()
    return None if row is None else policy_of(row)


POLICY_COLUMNS: Final = (
    PolicyRow.version,
    PolicyRow.thresholds,
    PolicyRow.by_task,
    PolicyRow.classifier,
    PolicyRow.promised,
    PolicyRow.promised_for,
    PolicyRow.drained,
    PolicyRow.models,
)


def policy_of(row: RowMapping) -> Policy:
    """The policy of a row that has `POLICY_COLUMNS`."""
    return Policy(
        version=row["version"],
        thresholds=row["thresholds"],
        by_task=row["by_task"],
        classifier=row["classifier"],
        promised=row["promised"],
        promised_for=row["promised_for"],
        drained=row["drained"],
        models=models_from_json(row["models"]),
    )


def tier_models(connection: Connection, version: int) -> dict[str, TierModel]:
    """Who serves tiers under a policy in place of the file's models; none where it is unknown."""
    stored = connection.execute(
        select(PolicyRow.models).where(PolicyRow.version == version)
    ).scalar_one_or_none()
    return {} if stored is None else models_from_json(stored)


def active_policies(connection: Connection) -> ActivePolicies | None:
    """What the gateways should be running now; None before the first policy was stored."""
    rows = connection.execute(
        select_fields(ActiveVersions, ActivePolicyRow)
        .add_columns(*POLICY_COLUMNS)
        .join(
            PolicyRow,
            PolicyRow.version.in_(
                [ActivePolicyRow.stable_version, ActivePolicyRow.candidate_version]
            ),
        )
    ).mappings()
    found = {row["version"]: row for row in rows}
    active = next(iter(found.values()), None)
    if active is None or active["stable_version"] not in found:
        return None
    candidate = found.get(active["candidate_version"])
    return ActivePolicies(
        stable=policy_of(found[active["stable_version"]]),
        candidate=None if candidate is None else policy_of(candidate),
        share=active["share"] if candidate is not None else 0.0,
        salt=active["salt"],
    )


def policies_served_by_others(tier: str) -> Select[int]:
    """Versions of policies under which another model served a tier than under the active one.

    None before a policy is active.
    """
    active = (
        select(PolicyRow.models[tier])
        .join(ActivePolicyRow, ActivePolicyRow.stable_version == PolicyRow.version)
        .scalar_subquery()
    )
    return select(PolicyRow.version).where(
        exists(select(ActivePolicyRow.id)), PolicyRow.models[tier].is_distinct_from(active)
    )


def active_versions(connection: Connection) -> set[int]:
    """Versions that requests are decided under; empty before the first policy is stored."""
    row = connection.execute(
        select(ActivePolicyRow.stable_version, ActivePolicyRow.candidate_version)
    ).one_or_none()
    return set() if row is None else {version for version in row if version is not None}


def lock_active(connection: Connection) -> ActiveVersions | None:
    """Return which versions are active, locked until the transaction ends; None before any is."""
    row = connection.execute(
        select_fields(ActiveVersions, ActivePolicyRow).with_for_update()
    ).one_or_none()
    return None if row is None else ActiveVersions(*row)


def add_policy(
    connection: Connection, policy: Policy, *, author: str, reason: str, base: int | None = None
) -> None:
    """Store a version, which changes the policy ``base``. A version is never written twice."""
    content = policy.to_json()
    connection.execute(
        insert(PolicyRow).values(
            version=policy.version,
            thresholds=content["thresholds"],
            by_task=content["by_task"],
            classifier=policy.classifier,
            promised=content["promised"],
            promised_for=policy.promised_for,
            drained=content["drained"],
            models=content["models"],
            base_version=base,
            author=author,
            reason=reason,
        )
    )


def next_version(connection: Connection) -> int:
    """The first version number not yet used; call it with the active row locked."""
    newest = connection.execute(select(func.max(PolicyRow.version))).scalar_one()
    return int(newest or 0) + 1


def put_first_policy(connection: Connection, policy: Policy, *, salt: str) -> bool:
    """Store the configuration's policy and make it the active one, if there is none yet."""
    added = connection.execute(
        insert(ActivePolicyRow)
        .values(id=1, stable_version=policy.version, candidate_version=None, share=0.0, salt=salt)
        .on_conflict_do_nothing()
        .returning(ActivePolicyRow.id)
    ).one_or_none()
    if added is None:
        return False
    add_policy(connection, policy, author="configuration", reason="first policy")
    return True


def set_active(
    connection: Connection, *, stable: int, candidate: int | None, share: float, salt: str
) -> None:
    """Make policies the active ones; gateways read them within seconds."""
    connection.execute(
        update(ActivePolicyRow).values(
            stable_version=stable,
            candidate_version=candidate,
            share=share,
            salt=salt,
            changed_at=func.now(),
        )
    )


def add_takeover(
    connection: Connection, policy: Policy, *, instead_of: Policy, **detail: object
) -> None:
    """Record that a policy of one file became the active one in place of another file's."""
    add_audit(
        connection,
        actor="configuration",
        action=_TAKEN_OVER,
        subject=f"policy/{policy.version}",
        instead_of=instead_of.version,
        instead_of_tiers=sorted(instead_of.thresholds),
        **detail,
    )


def last_of_tiers(connection: Connection, first: Policy) -> Policy | None:
    """The policy that was active for the tiers of ``first`` until others took over, or None."""
    version = connection.execute(
        select(AuditRow.detail["instead_of"].as_integer())
        .where(
            AuditRow.action == _TAKEN_OVER,
            AuditRow.detail["instead_of_tiers"] == cast(sorted(first.thresholds), JSONB),
        )
        .order_by(AuditRow.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if version is None else load_policy(connection, version)
