"""Own rules by policy, as the streams of monitors are keyed by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, func, select, true

from tierwatch.routing.own_rule import OwnRule, own_rule
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.store.policies import POLICY_COLUMNS, policy_of
from tierwatch.store.schema.learned import ModelRow
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow

EVERY_TYPE: Final = "*"
# A stream's name has five parts: tier, task type, rule, model, judge.
_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class _Stored:
    """A policy, and by boundary the artefact that decides under it."""

    policy: Policy
    artefacts: Mapping[str, int]


class OwnRules:
    """Which rule each policy has for a segment; policies are read once, when one is asked for.

    An outcome carries the name ``tier|task type|p<policy>|model|judge``; its stream is the same
    name with the own rule's key in the place of the policy. So a stream goes on through every
    change of policy that leaves its own rule alone.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._policies: dict[int, _Stored] | None = None
        self._place: RowMapping | None = None
        self._rules: dict[tuple[int, str, str], OwnRule | None] = {}

    @property
    def active(self) -> frozenset[int]:
        """Versions that requests are decided under."""
        self._stored()
        place = self._place
        if place is None:
            return frozenset()
        named = (place["stable_version"], place["candidate_version"])
        return frozenset(version for version in named if version is not None)

    def of(self, version: int, tier: str, task_type: str) -> OwnRule | None:
        """The rule of a segment; None for a policy that is not stored.

        ``*`` is all types of the tier together.
        """
        place = (version, tier, task_type)
        if place not in self._rules:
            stored = self._stored().get(version)
            self._rules[place] = None if stored is None else _rule(stored, tier, task_type)
        return self._rules[place]

    def stream(self, name: str, version: int, *, task_type: str | None = None) -> str:
        """The stream of an outcome that carries this name under this policy.

        Args:
            name: of the outcome.
            version: of the policy.
            task_type: to be put in the place of the name's; ``*`` for the pooled stream.
        """
        parts = name.split("|", _PARTS - 1)
        if len(parts) < _PARTS or parts[2] != f"p{version}":
            return name
        parts[1] = parts[1] if task_type is None else task_type
        rule = self.of(version, parts[0], parts[1])
        if rule is not None:
            parts[2] = rule.key
        return "|".join(parts)

    def versions_like(self, version: int, tier: str, task_type: str) -> list[int]:
        """Versions with the same rule for a segment, this one too."""
        mine = self.of(version, tier, task_type)
        if mine is None:
            return [version]
        return [each for each in self._stored() if self.of(each, tier, task_type) == mine]

    def is_active(self, stream: str, version: int) -> bool:
        """Whether a stream, of a policy of this version, gets pairs under an active policy."""
        parts = stream.split("|", _PARTS - 1)
        if len(parts) < _PARTS or parts[2] == f"p{version}":
            return version in self.active
        found = (self.of(each, parts[0], parts[1]) for each in self.active)
        return any(each is not None and each.key == parts[2] for each in found)

    def active_policies(self) -> ActivePolicies | None:
        """What the gateways should be running now; None before the first policy was stored."""
        stored, place = self._stored(), self._place
        if place is None or place["stable_version"] not in stored:
            return None
        candidate = stored.get(place["candidate_version"])
        return ActivePolicies(
            stable=stored[place["stable_version"]].policy,
            candidate=None if candidate is None else candidate.policy,
            share=0.0 if candidate is None else place["share"],
            salt=place["salt"],
        )

    def _stored(self) -> dict[int, _Stored]:
        if self._policies is None:
            rows = self._connection.execute(_POLICIES).mappings().all()
            self._policies = {
                row["version"]: _Stored(policy_of(row), row["artefacts"] or {})
                for row in rows
                if row["version"] is not None
            }
            self._place = next((row for row in rows if row["stable_version"] is not None), None)
        return self._policies


def _rule(stored: _Stored, tier: str, task_type: str) -> OwnRule:
    kind = None if task_type == EVERY_TYPE else task_type
    return own_rule(stored.policy, tier, kind, artefact=stored.artefacts.get(tier, 0))


_POLICIES: Final = (
    select(
        *POLICY_COLUMNS,
        select(func.jsonb_object_agg(ModelRow.boundary, ModelRow.artefact_id))
        .where(ModelRow.version == PolicyRow.classifier)
        .scalar_subquery()
        .label("artefacts"),
        ActivePolicyRow.stable_version,
        ActivePolicyRow.candidate_version,
        ActivePolicyRow.share,
        ActivePolicyRow.salt,
    )
    .select_from(PolicyRow)
    # What is active is read where no policy is stored, too.
    .outerjoin(ActivePolicyRow, true(), full=True)
    .order_by(PolicyRow.version)
)
