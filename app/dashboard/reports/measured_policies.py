"""A page of policy versions with what each changed and what was measured then."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.reports.policy_changes import changed_tiers, policy_changes
from tierwatch.loop.report.policy_effects import PolicyEffect, policy_effects
from tierwatch.runtime.rules import rollout_rules
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.pages.lists import PAGE, PolicyLine, policies, policies_at
from tierwatch.store.proposals import Proposal, proposals_of_versions


@dataclass(frozen=True, slots=True)
class MeasuredPolicies:
    """A page of versions.

    Attributes:
        lines: newest first.
        changes: what each does otherwise than the one that it was made from, by version.
        proposals: that they came from, by version.
        effects: what was measured on either side of the change, by version.
        before: leads to older ones; None on the last page.
    """

    lines: tuple[PolicyLine, ...]
    changes: dict[int, tuple[str, ...]]
    proposals: dict[int, Proposal]
    effects: dict[int, PolicyEffect]
    before: int | None


def measured_policies(
    connection: Connection, config: Config, before: int | None, now: dt.datetime
) -> MeasuredPolicies:
    """A page of policy versions, newest first, up to and without ``before``."""
    lines = tuple(policies(connection, before=before))
    bases = _bases(connection, lines)
    by_version = {line.version: line for line in lines}
    made_from = proposals_of_versions(connection, by_version.keys())
    return MeasuredPolicies(
        lines=lines,
        changes={
            version: policy_changes(by_version[version], base) for version, base in bases.items()
        },
        proposals=made_from,
        effects=policy_effects(
            connection,
            {version: changed_tiers(by_version[version], base) for version, base in bases.items()},
            lines=by_version,
            proposals=made_from,
            judge_version=newest_judge_version(connection) or "",
            rules=rollout_rules(config),
            now=now,
        ),
        before=lines[-1].version if len(lines) == PAGE else None,
    )


def _bases(connection: Connection, shown: Sequence[PolicyLine]) -> Mapping[int, PolicyLine]:
    """What each policy was made from; the first one of nothing.

    Where it was not written down, it is the version before.
    """
    base = {
        line.version: line.version - 1 if line.base_version is None else line.base_version
        for line in shown
    }
    known = {line.version: line for line in shown}
    known |= policies_at(connection, set(base.values()) - known.keys())
    return {version: known[of] for version, of in base.items() if of in known}
