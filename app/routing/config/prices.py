"""What a model costs: as the file says, else by the list prices shipped beside this module.

Like ``config``, imported only when a file is read: it needs pydantic and yaml.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import yaml

from tierwatch.routing.config.cost import read_price
from tierwatch.routing.tiers import Price, resolved_model

# Vendors changed the prices of well-known models several times within half a year.
STALE_AFTER_DAYS = 180

PriceOrigin = Literal["cost", "prices", "table", "unknown"]


@dataclass(frozen=True, slots=True)
class PriceTable:
    """List prices of well-known models.

    Attributes:
        as_of: the day they were read at their sources, which the file names.
        prices: by the model's name as `resolved_model` gives it.
    """

    as_of: dt.date
    prices: Mapping[str, Price]

    def stale(self, today: dt.date) -> bool:
        """Whether the prices were read so long ago that some have surely changed."""
        return (today - self.as_of).days > STALE_AFTER_DAYS


@dataclass(frozen=True, slots=True)
class Priced:
    """A model's price and where it came from.

    ``origin`` is ``cost`` (the model's own key), ``prices`` (the file's section), ``table`` (the
    shipped list prices) or ``unknown``; then ``price`` is None.
    """

    price: Price | None
    origin: PriceOrigin


@cache
def shipped_prices() -> PriceTable:
    """The table shipped with the package; read once."""
    text = resources.files("tierwatch.routing.config").joinpath("prices.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    prices = {model: read_price(price) for model, price in document["models"].items()}
    return PriceTable(document["as_of"], prices)


def price_words(priced: Priced) -> str:
    """A price and where it came from, as a person reads it.

    >>> price_words(Priced(Price(3, 15, 0.3), "cost"))
    '3 USD per million tokens read, 15 written, 0.3 from a cache (this file)'
    >>> price_words(Priced(None, "unknown"))
    'no price is known, so it counts as free: add `cost`, or the model under `prices`'
    """
    if priced.price is None:
        return "no price is known, so it counts as free: add `cost`, or the model under `prices`"
    price = priced.price
    words = f"{price.input_usd_per_mtok:g} USD per million tokens read"
    words += f", {price.output_usd_per_mtok:g} written"
    if price.cached_input_usd_per_mtok is not None:
        words += f", {price.cached_input_usd_per_mtok:g} from a cache"
    if price.cache_write_usd_per_mtok is not None:
        words += f", {price.cache_write_usd_per_mtok:g} put into one"
    origin = {
        "cost": "this file",
        "prices": "`prices` in this file",
        "table": f"list price of {shipped_prices().as_of}",
        "unknown": "",
    }[priced.origin]
    return f"{words} ({origin})"


def price_of(model: str, own: Price | None, listed: Mapping[str, Price]) -> Priced:
    """The price of a model: its own, else that of the file's section, else the table's.

    Names are compared by what they resolve to, so that a dated name finds its model.

    Args:
        model: the name in the file.
        own: what stands beside it as ``cost``.
        listed: the file's ``prices``.
    """
    if own is not None:
        return Priced(own, "cost")
    wanted = resolved_model(model)
    for name, price in listed.items():
        if resolved_model(name) == wanted:
            return Priced(price, "prices")
    found = shipped_prices().prices.get(wanted)
    return Priced(found, "unknown" if found is None else "table")
