"""List prices of well-known models: those of the package genai-prices, and a few of our own.

genai-prices (MIT) is kept up to date by its makers. Importing it takes some 100 ms and 20 MB, so
it is imported when the first price is looked up in it, and never by what serves requests. What it
knows and we do not use: prices that change with the hour, that of a host which is not the model's
vendor, discounts, and surcharges for long prompts.
"""

import datetime as dt
import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tierwatch.routing.config.cost import read_price
from tierwatch.routing.tiers import Price, resolved_model

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo, ModelPrice, TieredPrices

# The year of the first version we used. Files of images that are built with fixed times are older.
_FIRST_YEAR = 2026


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Our own list prices, of models that genai-prices does not know.

    Attributes:
        as_of: the day they were read at their sources, which the file names.
        prices: by the model's name as `resolved_model` gives it.
    """

    as_of: dt.date
    prices: Mapping[str, Price]


@cache
def shipped_prices() -> PriceTable:
    """The table shipped with the package; read once."""
    text = resources.files("tierwatch.routing.config").joinpath("prices.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    prices = {model: read_price(price) for model, price in document["models"].items()}
    return PriceTable(document["as_of"], prices)


def packaged_price(model: str, today: dt.date) -> Price | None:
    """What genai-prices says that a model's own vendor asks for it on a day.

    Its matching is generous (all that begins with a model's name counts as the model), which would
    price models that nobody has heard of. So a name counts only where the package has it in full:
    as it is written, or else without date and floating tag.

    Args:
        model: the name in the file, with a vendor's prefix or without.
        today: prices that begin later are not used yet.

    Returns:
        The price, without surcharges; None where the model is not known, is not priced by tokens
        read and written, or costs more at some hours. None as well where the package is not
        installed.
    """
    for name in dict.fromkeys((model.strip().lower().rsplit("/", 1)[-1], resolved_model(model))):
        found = _model(name)
        if found is not None and name in {found.id, *_names(found.match)}:
            return _price(found, today)
    return None


def packaged_version() -> str:
    """The installed version of genai-prices, or an empty text."""
    try:
        return importlib.metadata.version("genai-prices")
    except importlib.metadata.PackageNotFoundError:
        return ""


def packaged_since() -> dt.date | None:
    """The day on which genai-prices was installed: its prices are that old or older.

    The package has no date of its own. None where it is not installed, or the day cannot be told.
    """
    files = importlib.metadata.files("genai-prices") if packaged_version() else None
    data = next((file for file in files or () if file.name == "data.py"), None)
    if data is None:
        return None
    changed = Path(str(data.locate())).stat().st_mtime
    day = dt.datetime.fromtimestamp(changed, dt.UTC).date()
    return day if day.year >= _FIRST_YEAR else None


def _model(name: str) -> "ModelInfo | None":
    try:
        from genai_prices import Usage, calc_price  # noqa: PLC0415 - 100 ms, see above
    except ModuleNotFoundError:
        return None
    try:
        return calc_price(Usage(), name).model
    except LookupError:
        return None


def _names(match: "MatchLogic") -> Iterator[str]:
    """The names that a rule holds, whatever it does with them."""
    for part in vars(match).values():
        if isinstance(part, str):
            yield part.lower()
        else:
            for rule in part:
                yield from _names(rule)


def _price(model: "ModelInfo", today: dt.date) -> Price | None:
    hours = [
        model.get_prices(dt.datetime.combine(today, dt.time(hour), dt.UTC)) for hour in range(24)
    ]
    if any(price != hours[0] for price in hours):
        return None
    return _by_tokens(hours[0])


def _by_tokens(price: "ModelPrice") -> Price | None:
    read, written = _usd(price.input_mtok), _usd(price.output_mtok)
    if read is None or written is None:
        return None
    return Price(read, written, _usd(price.cache_read_mtok), _usd(price.cache_write_mtok))


def _usd(price: "Decimal | TieredPrices | None") -> float | None:
    """A price of short prompts: a price in tiers has its ``base`` for them."""
    if price is None:
        return None
    return float(price if isinstance(price, Decimal) else price.base)
