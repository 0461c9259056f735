"""Own rules by policy, as the streams of monitors are keyed by them."""

from typing import Final

from sqlalchemy import Connection, and_, select

from tierwatch.routing.own_rule import OwnRule, own_rule
from tierwatch.routing.policy import Policy
from tierwatch.store.policies import active_versions
from tierwatch.store.schema.learned import ModelRow
from tierwatch.store.schema.policies import PolicyRow

EVERY_TYPE: Final = "*"
# A stream's name has five parts: tier, task type, rule, model, judge.
_PARTS: Final = 5


class OwnRules:
    """Which rule each policy has for a segment; policies are read once, a rule when it is asked.

    An outcome carries the name ``tier|task type|p<policy>|model|judge``; its stream is the same
    name with the own rule's key in the place of the policy. So a stream goes on through every
    change of policy that leaves its own rule alone.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._policies: dict[int, Policy] | None = None
        self._artefacts: dict[str, dict[int, int]] = {}
        self._rules: dict[tuple[int, str, str], OwnRule | None] = {}
        self._active: frozenset[int] | None = None

    @property
    def active(self) -> frozenset[int]:
        """Versions that requests are decided under."""
        if self._active is None:
            self._active = frozenset(active_versions(self._connection))
        return self._active

    def of(self, version: int, tier: str, task_type: str) -> OwnRule | None:
        """The rule of a segment; None for a policy that is not stored.

        ``*`` is all types of the tier together.
        """
        place = (version, tier, task_type)
        if place not in self._rules:
            policy = self._stored().get(version)
            self._rules[place] = None if policy is None else self._rule(policy, tier, task_type)
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

    def _rule(self, policy: Policy, tier: str, task_type: str) -> OwnRule:
        artefact = self._artefacts_at(tier).get(policy.version, 0)
        kind = None if task_type == EVERY_TYPE else task_type
        return own_rule(policy, tier, kind, artefact=artefact)

    def _stored(self) -> dict[int, Policy]:
        if self._policies is None:
            rows = self._connection.execute(
                select(
                    PolicyRow.version,
                    PolicyRow.thresholds,
                    PolicyRow.by_task,
                    PolicyRow.classifier,
                    PolicyRow.promised,
                    PolicyRow.promised_for,
                    PolicyRow.drained,
                ).order_by(PolicyRow.version)
            )
            self._policies = {row.version: Policy(*row) for row in rows}
        return self._policies

    def _artefacts_at(self, tier: str) -> dict[int, int]:
        """The artefact that decides at a tier, by version of the policy."""
        if tier not in self._artefacts:
            rows = self._connection.execute(
                select(PolicyRow.version, ModelRow.artefact_id).join(
                    ModelRow,
                    and_(ModelRow.version == PolicyRow.classifier, ModelRow.boundary == tier),
                )
            )
            self._artefacts[tier] = {row.version: row.artefact_id for row in rows}
        return self._artefacts[tier]
