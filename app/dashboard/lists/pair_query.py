"""Which pairs a query asks for: each word is checked alone, and a wrong one loses no other."""

import datetime as dt
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from tierwatch.dashboard.site import stored_text
from tierwatch.dashboard.time_range import ALL, TimeRange, range_of_list
from tierwatch.errors import UsageError
from tierwatch.store.pages.pair_filter import DIRECTIONS, PREFERENCES, SORTS, STAGES, PairFilter

T = TypeVar("T")

# As long as a name, a conversation's id or a search gets.
LONGEST: Final = 200
_LARGEST_NUMBER: Final = 2**63 - 1
ORDERS: Final = ("agree", "disagree")

# Name of a parameter -> how a page calls it, in the order of the form.
LABELS: Final[Mapping[str, str]] = {
    "q": "Text",
    "id": "Id",
    "session": "Conversation",
    "client": "Client",
    "from": "From",
    "to": "To",
    "tier": "Tier",
    "task_type": "Task type",
    "direction": "Direction",
    "verdict": "Better answer",
    "orders": "Orders",
    "stage": "Stage",
    "model": "Model",
    "policy": "Policy",
    "prompt": "Prompt version",
    "cost": "Cost from",
    "latency": "Latency from",
    "sort": "Sorted by",
}


@dataclass(frozen=True, slots=True)
class PairQuery:
    """What a query asks for.

    Attributes:
        wanted: the pairs; a word that is not accepted leaves its column open.
        sort: their order, one of `SORTS`.
        given: every parameter as it was written, so that nothing that was typed is lost.
        problems: for each that is not accepted, what is; in the order of the form.
        range: of arrivals; says itself what was not accepted of it.
    """

    wanted: PairFilter
    sort: str
    given: Mapping[str, str]
    problems: tuple[str, ...]
    range: TimeRange

    @property
    def every_problem(self) -> tuple[str, ...]:
        """What was not accepted, of the range too."""
        return (*self.problems, *((self.range.problem,) if self.range.problem else ()))

    @property
    def active(self) -> tuple[tuple[str, str, str], ...]:
        """What narrows the list: each parameter, how it is called, and its value."""
        return tuple((name, LABELS[name], value) for name, value in self.given.items())

    def without(self, name: str) -> dict[str, str]:
        """The query but for one parameter."""
        return {key: value for key, value in self.given.items() if key != name}


def read_pair_query(
    query: Mapping[str, str], *, tiers: tuple[str, ...], now: dt.datetime
) -> PairQuery:
    """Read a query; never raises.

    Args:
        query: parameters as they came; those of other names are left alone.
        tiers: that are served.
        now: what times before now are counted from.
    """
    reader = _Reader(query)
    identity = reader.read("id", _identity)
    arrived = range_of_list(reader.given, now)
    wanted = PairFilter(
        text=reader.read("q", _name("q")),
        id=identity if isinstance(identity, uuid.UUID) else None,
        request_no=identity if isinstance(identity, int) else None,
        session=reader.read("session", _name("session")),
        client=reader.read("client", _name("client")),
        since=arrived.first,
        until=arrived.end_before,
        tier=reader.read("tier", _one_of("tier", tiers)),
        task_type=reader.read("task_type", _name("task_type")),
        direction=reader.read("direction", _one_of("direction", DIRECTIONS)),
        preferred=reader.read("verdict", _one_of("verdict", PREFERENCES)),
        orders_agree=reader.read("orders", _agreeing),
        stage=reader.read("stage", _one_of("stage", STAGES)),
        model=reader.read("model", _name("model")),
        policy_version=reader.read("policy", _whole),
        prompt_version=reader.read("prompt", _name("prompt")),
        cost_from=reader.read("cost", _amount("cost", "dollars")),
        latency_from=reader.read("latency", _amount("latency", "milliseconds")),
    )
    sort = reader.read("sort", _one_of("sort", SORTS))
    return PairQuery(wanted, sort or SORTS[0], reader.given, tuple(reader.problems), arrived)


class _Reader:
    """Reads parameters one by one; keeps what was given and what was wrong with it."""

    def __init__(self, query: Mapping[str, str]) -> None:
        known = {name: stored_text(query.get(name, "")).strip() for name in LABELS}
        # Of all time is no narrower than without a range.
        if known["from"] == ALL:
            known["from"] = ""
        self.given = {name: value for name, value in known.items() if value}
        self.problems: list[str] = []

    def read(self, name: str, accept: Callable[[str], T]) -> T | None:
        """What a parameter says; None where it is not given, or not accepted."""
        if name not in self.given:
            return None
        try:
            return accept(self.given[name])
        except UsageError as problem:
            self.problems.append(str(problem))
            return None


def _name(name: str) -> Callable[[str], str]:
    def accept(given: str) -> str:
        if len(given) > LONGEST:
            raise UsageError(f"{name}: accepted are at most {LONGEST} characters")
        return given

    return accept


def _one_of(name: str, accepted: tuple[T, ...]) -> Callable[[str], T]:
    def accept(given: str) -> T:
        found = next((word for word in accepted if word == given), None)
        if found is None:
            raise UsageError(f"{name}: accepted are {', '.join(map(str, accepted))}")
        return found

    return accept


def _identity(given: str) -> uuid.UUID | int:
    """A pair's id, which is that of its request as gateways send it, or a request's number."""
    digits = given.replace(",", "")
    if digits.isascii() and digits.isdigit() and int(digits[:20]) <= _LARGEST_NUMBER:
        return int(digits)
    try:
        return uuid.UUID(given)
    except ValueError:
        raise UsageError(
            "id: accepted is the id of a pair or of a request, or a request's number"
        ) from None


def _agreeing(given: str) -> bool:
    return _one_of("orders", ORDERS)(given) == ORDERS[0]


def _whole(given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given[:20]) <= _LARGEST_NUMBER):
        raise UsageError("policy: accepted is the number of a version")
    return int(given)


def _amount(name: str, unit: str) -> Callable[[str], float]:
    def accept(given: str) -> float:
        try:
            found = float(given)
        except ValueError:
            found = math.nan
        if not (math.isfinite(found) and found >= 0):
            raise UsageError(f"{name}: accepted is a number of {unit}, 0 or more")
        return found

    return accept
