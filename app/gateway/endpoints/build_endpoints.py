"""Everything but the chats, built from the configuration and what it shares with them."""

from collections.abc import Callable, Mapping

from tierwatch.config import Config
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.asgi import ASGIApp
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.endpoints.decisions import Decisions
from tierwatch.gateway.endpoints.passed_on import PASSED_ON, PassedOn
from tierwatch.gateway.endpoints.small import SmallEndpoints
from tierwatch.gateway.endpoints.tokens import TokenCounts
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import ModelNames
from tierwatch.gateway.serve import Steps
from tierwatch.loop.capture.feedback import Feedback
from tierwatch.loop.capture.state import CaptureState
from tierwatch.providers.upstream import Upstream


def build_endpoints(
    config: Config,
    steps: Steps,
    *,
    current: CurrentRouter,
    names: ModelNames,
    keys: Keys,
    scrapers: Keys,
    upstream: Upstream,
    metrics: GatewayMetrics,
    feedback: Callable[[Feedback], None],
    started_at: float,
    capture: Callable[[], CaptureState] | None,
) -> tuple[SmallEndpoints, Mapping[str, ASGIApp]]:
    """The small endpoints; and by path, who passes on what is posted there."""
    counted = metrics.traffic.beside
    small = SmallEndpoints(
        config=config,
        current=current,
        names=names,
        keys=keys,
        scrapers=scrapers,
        metrics=metrics,
        feedback=feedback,
        started_at=started_at,
        capture=capture,
        counts=TokenCounts(
            config=config,
            current=current,
            names=names,
            keys=keys,
            upstream=upstream,
            counted=counted,
        ),
        decisions=Decisions(
            config=config,
            current=current,
            acceptance=steps.acceptance,
            routes=steps.routes,
            metrics=metrics.traffic,
            counted=counted,
        ),
    )
    passed = {
        f"/v1/{what}": PassedOn(
            what, config=config, names=names, keys=keys, upstream=upstream, counted=counted
        )
        for what in PASSED_ON
    }
    return small, passed
