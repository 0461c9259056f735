"""``routing.balance``: how calls are spread over the deployments of a tier."""

from typing import Annotated, Literal

from pydantic import Field

from tierwatch.routing.breaker import BreakerRules
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Seconds, Section, Share, whole_number


class BreakerSection(Section):
    """When a deployment is left alone, under ``routing.balance.breaker``."""

    failures: Annotated[int, whole_number(1, 1_000)] = Field(
        default=5, description="So many failures in a row leave a deployment alone."
    )
    share: Share = Field(
        default=0.5, description="So does this share of failures in the window, above 0."
    )
    calls: Annotated[int, whole_number(1, 100_000)] = Field(
        default=20, description="Calls in the window from which on the share counts."
    )
    window_s: Seconds = Field(
        default=30.0, validation_alias="window", description="Length of the window."
    )
    open_for_s: Seconds = Field(
        default=10.0,
        validation_alias="open_for",
        description="How long it is left alone; then one call probes it. A provider's Retry-After"
        " takes the place of this, up to 5 minutes.",
    )

    def rules(self) -> BreakerRules:
        """The same for the breaker."""
        return BreakerRules(self.failures, self.share, self.calls, self.window_s, self.open_for_s)


class BalanceSection(Section):
    """How calls are spread over the deployments of a tier, under ``routing.balance``."""

    strategy: Literal["weighted", "least_busy", "cheapest"] = Field(
        default="weighted",
        description="weighted follows the weights; least_busy asks where the fewest calls are under"
        " way for the weight; cheapest asks the cheapest healthy one.",
    )
    breaker: BreakerSection = Field(
        default=BreakerSection(), description="When a deployment is left alone."
    )


def balance_problems(document: Document, balance: BalanceSection) -> list[Problem]:
    """What is wrong with the section beyond the form of single values."""
    if balance.breaker.share:
        return []
    at = ("routing", "balance", "breaker", "share")
    return [document.problem(at, "0", "a number above 0 and up to 1")]
