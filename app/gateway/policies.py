"""The router in force, kept up to date with the approved policies and the models they name."""

import threading
from collections.abc import Callable, Mapping
from typing import Self

import structlog

from app.errors import ArtefactError, PolicyError
from app.gateway.metrics import GatewayMetrics
from app.routing.classification import Classifier
from app.routing.policy import ActivePolicies
from app.routing.router import Router

POLL_S = 1.0  # a new policy must be in force within 5 s; four looks may fail or be late
# A look that hangs in a dead database must not hold up the shutdown.
_STOP_S = 2.0

_log = structlog.get_logger()


def no_models(version: int) -> Classifier:
    """Refuse every version: what a gateway without a store of models does.

    Raises:
        ArtefactError: always.
    """
    raise ArtefactError(f"model {version}: found no store of models; accepted: 0, the configured")


class CurrentRouter:
    """Holds the router in force and asks, every second, for the policies it should have.

    The asking is done by a thread of its own, so a database that is slow or away costs requests
    nothing. The router is swapped whole: a request sees one policy and one model from start to
    end. A policy whose model cannot be used is not taken.

    Attributes:
        router: the router in force.
    """

    def __init__(
        self,
        router: Router,
        policies: Callable[[], ActivePolicies | None],
        metrics: GatewayMetrics,
        poll_s: float = POLL_S,
        models: Callable[[int], Classifier] = no_models,
    ) -> None:
        self.router = router
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
        """Ask once. Whatever goes wrong is counted, and the last known policies stay."""
        try:
            policies = self._policies()
            if policies is None or policies == self.router.policies:
                return
            self.router = self.router.with_policies(policies, self._missing_models(policies))
        except PolicyError as error:
            self._metrics.policy_poll_failures.inc()
            _log.error("policy does not fit the tiers; the last one stays", problem=str(error))
        except ArtefactError as error:
            self._metrics.policy_poll_failures.inc()
            self._metrics.models_refused.inc()
            _log.error("model cannot be used; the last policy stays", problem=str(error))
        except Exception as error:  # noqa: BLE001 - a driver's error of any kind must not end the thread
            self._metrics.policy_poll_failures.inc()
            _log.warning("policies could not be read; the last ones stay", problem=repr(error))
        else:
            self._show(self.router)
            _log.info("policy in force", version=policies.stable.version)

    def _missing_models(self, policies: ActivePolicies) -> Mapping[int, Classifier]:
        missing = policies.classifiers - {0} - self.router.models
        return {version: self._models(version) for version in missing}

    def _show(self, router: Router) -> None:
        self._metrics.policy_version.set(router.policies.stable.version)
        self._metrics.model_version.set(router.policies.stable.classifier)

    def _poll(self) -> None:
        while True:
            self.refresh()
            if self._stop.wait(self._poll_s):
                return
