"""What a model costs: as the file says, else its list price."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tierwatch.routing.config.list_prices import (
    packaged_price,
    packaged_since,
    packaged_version,
    shipped_prices,
)
from tierwatch.routing.tiers import Price, resolved_model

# Vendors changed the prices of well-known models several times within half a year.
STALE_AFTER_DAYS = 180

PriceOrigin = Literal["cost", "prices", "package", "table", "unknown"]


@dataclass(frozen=True, slots=True)
class Priced:
    """A model's price and where it came from.

    ``origin`` is ``cost`` (the model's own key), ``prices`` (the file's section), ``package``
    (genai-prices), ``table`` (our own list prices) or ``unknown``; then ``price`` is None.
    """

    price: Price | None
    origin: PriceOrigin


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
    return f"{words} ({_origin_words(priced.origin)})"


def _origin_words(origin: PriceOrigin) -> str:
    match origin:
        case "cost":
            return "this file"
        case "prices":
            return "`prices` in this file"
        case "package":
            return f"list price in genai-prices {packaged_version()}"
        case _:
            return f"list price of {shipped_prices().as_of}"


def stale_words(origins: Mapping[str, PriceOrigin], today: dt.date) -> list[str]:
    """A sentence for each source of list prices that is in use and too old to trust.

    Args:
        origins: where the price of each key that names a model came from.
        today: the day of asking.
    """
    table, installed = shipped_prices().as_of, packaged_since()
    sources: list[tuple[PriceOrigin, dt.date | None, str, str]] = [
        ("table", table, f"list prices of {table}", "upgrade tierwatch"),
        (
            "package",
            installed,
            f"list prices in genai-prices {packaged_version()}, installed on {installed}",
            "run `pip install --upgrade genai-prices`",
        ),
    ]
    words = []
    for source, since, what, upgrade in sources:
        keys = [key for key, origin in origins.items() if origin == source]
        days = 0 if since is None else (today - since).days
        if keys and days > STALE_AFTER_DAYS:
            words.append(
                f"{', '.join(keys)}: {what}, {days} days old; compare them with the vendor's page"
                f" and put what changed under `prices`, or {upgrade}"
            )
    return words


def price_of(model: str, own: Price | None, listed: Mapping[str, Price]) -> Priced:
    """The price of a model: its own, else that of the file's section, else a list price of today.

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
    packaged = packaged_price(model, dt.datetime.now(dt.UTC).date())
    if packaged is not None:
        return Priced(packaged, "package")
    found = shipped_prices().prices.get(wanted)
    return Priced(found, "unknown" if found is None else "table")
