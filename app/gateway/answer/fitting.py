"""Requests fitted to the model that is asked, counted, and said in the reply."""

import re

from tierwatch.errors import ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.fit.mending import Mending
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.deployments.call import Call
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.wire.crossing.rewritten import Rewritten

_NUMBER = re.compile(r"\d+")
# Callers may name fields as they like; a metric has so many names and no more.
_MOST_NAMES = 100


class Fitting:
    """Fits requests to deployments. Used by every request at once.

    Args:
        memory: what deployments take.
        metrics: counts what was done, and what refusals were about.
    """

    def __init__(self, memory: Memory, metrics: GatewayMetrics) -> None:
        self._memory = memory
        self._fitted = metrics.calls.fitted
        self._refusals = metrics.calls.refusals
        self._names: set[str] = set()

    def begun(self, call: Call, wire: str, request: Rewritten) -> Mending:
        """One request at one deployment."""
        return Mending(self._memory, call.key, wire, request)

    def learns(self, mending: Mending, call: Call, error: ProviderError) -> bool:
        """Whether a refusal said how the request can be changed to be asked once more."""
        again = mending.learns(error)
        if error.kind == "refused" and error.status is not None:
            self._refusals(_place(call), error.refused_for or "other").inc()
        return again

    def answered(self, mending: Mending, call: Call, ledger: Ledger) -> None:
        """A deployment answered what it was asked: say what was done to the request."""
        ledger.fits(mending.sent.fitted)
        for what in ledger.fitted:
            self._fitted(_place(call), self._name(what)).inc()

    def _name(self, what: str) -> str:
        name = _NUMBER.sub("", what)
        if name not in self._names:
            if len(self._names) >= _MOST_NAMES:
                return "other"
            self._names.add(name)
        return name


def _place(call: Call) -> str:
    return f"{call.key[0]}/{call.key[1]}"
