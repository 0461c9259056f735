"""The active router, kept up to date with policies, the models they name and task types."""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Self

import structlog

from tierwatch.errors import ArtefactError, PolicyError
from tierwatch.faults import FAULTS, guard, repeat
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.classify.classification import Classifier
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.router import Router

POLL_S = 1.0  # a new policy must be active within 5 s; four checks may fail or be late
# A check that hangs in a dead database must not hold up the shutdown.
_STOP_S = 2.0

_log = structlog.get_logger()

# Asked with the known version, 0 for none: the (version, artefact) that should be active, (0,
# None) for none, or None when that is the known one.
Types = Callable[[int], tuple[int, bytes | None] | None]


def no_types(_known: int) -> None:
    """The feed of a gateway without task types."""


def no_models(version: int) -> Classifier:
    """Refuse every version: what a gateway without a store of models does.

    Raises:
        ArtefactError: always.
    """
    raise ArtefactError(f"model {version}: found no store of models; accepted: 0, the configured")


class CurrentRouter:
    """Holds the active router and asks, every second, for the policies and types it should have.

    The asking is done by a thread of its own, so a database that is slow or away costs requests
    nothing. The router is swapped whole: a request sees one policy and one model from start to
    end. A policy whose classifier cannot be used is not taken; of models that a policy puts in the
    place of a tier's, those at providers that this gateway's file does not name are left out.

    Attributes:
        router: the active router.
    """

    def __init__(
        self,
        router: Router,
        policies: Callable[[], ActivePolicies | None],
        metrics: GatewayMetrics,
        *,
        poll_s: float = POLL_S,
        models: Callable[[int], Classifier] = no_models,
        types: Types = no_types,
        providers: Collection[str] = (),
    ) -> None:
        self.router = router
        self._providers = frozenset(providers)
        self._types = types
        # Last heard of, active or refused: a bad artefact is refused once, not every second.
        self._types_version = 0
        self._policies = policies
        self._models = models
        self._metrics = metrics
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="policy-poll", daemon=True)
        self._show(router)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(timeout=_STOP_S)

    def refresh(self) -> None:
        """Ask once. Whatever goes wrong is counted, and what was active stays."""
        self._refresh_policies()
        self._refresh_types()

    def _refresh_types(self) -> None:
        try:
            news = self._types(self._types_version)
            if news is None:
                return
            self._types_version, artefact = news
            types = None if artefact is None else TaskTypes.from_bytes(artefact)
        except ArtefactError as problem:
            self._metrics.routing.policy_poll_failures.inc()
            _log.error("task types refused; the active ones stay", problem=str(problem))
        except Exception as error:  # noqa: BLE001 - as for policies
            self._metrics.routing.policy_poll_failures.inc()
            FAULTS.note("task types: read, the active ones stay", error)
        else:
            self.router = self.router.with_types(types)
            _log.info("task types active", version=self._types_version)

    def _refresh_policies(self) -> None:
        try:
            policies = self._policies()
            if policies is not None and self._providers:
                policies = policies.within(self._providers)
            if policies is None or policies == self.router.policies:
                return
            self.router = self.router.with_policies(policies, self._missing_models(policies))
        except PolicyError as error:
            self._metrics.routing.policy_poll_failures.inc()
            _log.error("policy does not fit the tiers; the last one stays", problem=str(error))
        except ArtefactError as error:
            self._metrics.routing.policy_poll_failures.inc()
            self._metrics.routing.models_refused.inc()
            _log.error("model cannot be used; the last policy stays", problem=str(error))
        except Exception as error:  # noqa: BLE001 - a driver's error of any kind must not end the thread
            self._metrics.routing.policy_poll_failures.inc()
            FAULTS.note("policies: read, the last ones stay", error)
        else:
            self._show(self.router)
            ladder = self.router.ladder(policies.stable.version)
            _log.info(
                "policy active",
                version=policies.stable.version,
                models={tier.name: tier.variant for tier in ladder.tiers},
            )

    def _missing_models(self, policies: ActivePolicies) -> Mapping[int, Classifier]:
        missing = policies.classifiers - {0} - self.router.models
        return {version: self._models(version) for version in missing}

    def _show(self, router: Router) -> None:
        self._metrics.routing.policy_version.set(router.policies.stable.version)
        self._metrics.routing.model_version.set(router.policies.stable.classifier)

    def _poll(self) -> None:
        with guard("policies: poll"):
            self.refresh()
        repeat(self.refresh, every_s=self._poll_s, stop=self._stop, doing="policies: poll")
