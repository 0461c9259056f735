"""How the price of a model is written in tierwatch.yaml."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import PlainValidator

from tierwatch.routing.config.reading.document import not_accepted
from tierwatch.routing.config.reading.fields import read_number
from tierwatch.routing.tiers import Price

_USD = re.compile(
    r"~?\s*\$?\s*(\d*\.?\d+)\s*(?:(?:/|per)\s*1?\s*M(?:tok|illion)?(?:\s*tokens?)?)?", re.IGNORECASE
)


def read_price(value: object) -> Price:
    """USD per million tokens; one number counts for input and output alike.

    ``cached_input`` and ``cache_write`` are what tokens read from the provider's prompt cache, and
    tokens put into it, cost; without them they cost what input does.

    >>> read_price("~$0.25/M tokens")  # doctest: +ELLIPSIS
    Price(input_usd_per_mtok=0.25, output_usd_per_mtok=0.25, ...)
    >>> read_price({"input": 3, "output": "$15/1M", "cached_input": 0.3}).cached_usd_per_mtok
    0.3
    """
    if isinstance(value, Price):
        return value
    accepted = not_accepted(
        "USD per million tokens, such as 0.25, ~$0.25/M tokens, $0.25/1M, {input: 3, output: 15}"
        " or {input: 3, output: 15, cached_input: 0.3, cache_write: 3.75}"
    )
    if not isinstance(value, Mapping):
        usd = _usd(value)
        if usd is None:
            raise accepted
        return Price(usd, usd)
    known = {"input", "output", "cached_input", "cache_write"}
    if not {"input", "output"} <= value.keys() <= known:
        raise accepted
    dollars = {key: _usd(given) for key, given in value.items()}
    if dollars["input"] is None or dollars["output"] is None or None in dollars.values():
        raise accepted
    return Price(
        dollars["input"],
        dollars["output"],
        dollars.get("cached_input"),
        dollars.get("cache_write"),
    )


def _usd(value: object) -> float | None:
    number = read_number(value)
    if isinstance(value, str) and (match := _USD.fullmatch(value.strip())):
        number = float(match[1])
    return number if number is not None and number >= 0 else None


Cost = Annotated[Price, PlainValidator(read_price)]
