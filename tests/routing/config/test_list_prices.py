"""List prices: what genai-prices says and nothing else, for names that it has in full."""

import datetime as dt
import importlib
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseContains,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from tierwatch.routing.config import list_prices
from tierwatch.routing.config.list_prices import (
    packaged_price,
    packaged_since,
    packaged_version,
    shipped_prices,
)
from tierwatch.routing.tiers import Price, resolved_model

TODAY = dt.date(2026, 11, 30)
NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
# Vendors whose models a configuration is likely to name.
VENDORS = ("anthropic", "openai", "google", "mistral")
# What a user may have written; prices change with the package, names of these vendors stay.
WRITTEN = (
    "claude-opus-5-5",
    "claude-haiku-4-5-20251001",
    "anthropic/claude-sonnet-4-6",
    "us.anthropic.claude-opus-4-6-20260205-v1:0",
    "GPT-6-luna",
    "openai/gpt-4o-mini-2024-07-18",
    "gpt-4o-2024-05-13",
    "gemini-2.5-flash",
    "mistral-large-latest",
)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_call_costs_what_genai_prices_says(written: str) -> None:
    price = packaged_price(written, TODAY)
    assert price is not None
    # 1,000 read, 400 of them cached; 200 put out. Far below where long prompts cost more.
    usage = genai_prices.Usage(input_tokens=1_000, cache_read_tokens=400, output_tokens=200)
    name = written.lower().rsplit("/", 1)[-1].removeprefix("us.anthropic.").removesuffix("-v1:0")
    theirs = genai_prices.calc_price(usage, name, genai_request_timestamp=NOON)
    assert price.cost_usd(1_000, 200, 400) == pytest.approx(float(theirs.total_price))


def models() -> list[ModelInfo]:
    """Every model of the vendors that is priced by tokens read and written."""
    found = [
        model
        for provider in get_snapshot().providers
        if provider.id in VENDORS
        for model in provider.models
    ]
    assert len(found) > 50
    return found


def test_whatever_is_read_of_a_vendors_model_is_its_price_for_short_prompts() -> None:
    read = 0
    for model in models():
        price = packaged_price(model.id, TODAY)
        if price is None:
            continue
        read += 1
        theirs = genai_prices.calc_price(
            genai_prices.Usage(), model.id, genai_request_timestamp=NOON
        ).model_price
        for ours, their in (
            (price.input_usd_per_mtok, theirs.input_mtok),
            (price.output_usd_per_mtok, theirs.output_mtok),
            (price.cached_input_usd_per_mtok, theirs.cache_read_mtok),
            (price.cache_write_usd_per_mtok, theirs.cache_write_mtok),
        ):
            base = their.base if isinstance(their, TieredPrices) else their
            assert ours == (None if base is None else float(base)), model.id
    assert read > 50


@pytest.mark.parametrize(
    "written",
    [
        "claude-opus-4-5-of-mine",  # the package takes all that begins with claude-opus-4-5
        "claude-opus-4-50",
        "gpt-4o-of-mine",
        "my-claude",
        "my-own-8b",
        "llama-4-8b",
        "text-embedding-3-small",  # nothing is written
        "small-1",
        "",
        "/",
    ],
)
def test_a_name_that_the_package_does_not_have_in_full_has_no_price(written: str) -> None:
    assert packaged_price(written, TODAY) is None


def model_of(prices: ModelPrice | list[ConditionalPrice]) -> ModelInfo:
    return ModelInfo(id="m-1", match=ClauseContains(contains="m-1"), prices=prices)


def usd(read: str, written: str = "8") -> ModelPrice:
    return ModelPrice(input_mtok=Decimal(read), output_mtok=Decimal(written))


def test_a_dated_name_that_its_vendor_prices_apart_has_that_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apart = ModelInfo(id="m-1-2026-05-13", match=ClauseContains(contains="?"), prices=usd("5"))
    held = {"m-1-2026-05-13": apart, "m-1": model_of(usd("2"))}
    monkeypatch.setattr(list_prices, "_model", held.get)
    assert packaged_price("v/m-1-2026-05-13", TODAY) == Price(5, 8)
    assert packaged_price("v/m-1-2026-08-06", TODAY) == Price(2, 8)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[ModelInfo]:
    """The package knows one model: whichever is put into this list."""
    held: list[ModelInfo] = []
    monkeypatch.setattr(list_prices, "_model", lambda _name: held[-1])
    return held


def test_a_price_counts_from_its_day_on(known: list[ModelInfo]) -> None:
    tomorrow = StartDateConstraint(start_date=TODAY + dt.timedelta(1))
    known.append(
        model_of(
            [
                ConditionalPrice(prices=usd("2")),
                ConditionalPrice(constraint=tomorrow, prices=usd("3")),
            ]
        )
    )
    assert packaged_price("m-1", TODAY) == Price(2, 8)
    assert packaged_price("m-1", TODAY + dt.timedelta(1)) == Price(3, 8)


def test_a_price_that_changes_with_the_hour_is_not_used(known: list[ModelInfo]) -> None:
    night = TimeOfDateConstraint(start_time=dt.time(0), end_time=dt.time(6))
    cheap = ConditionalPrice(constraint=night, prices=usd("1"))
    known.append(model_of([ConditionalPrice(prices=usd("2")), cheap]))
    assert packaged_price("m-1", TODAY) is None
    # It is used again once such hours have ended.
    ended = StartDateConstraint(start_date=TODAY)
    both = [cheap, ConditionalPrice(constraint=ended, prices=usd("2"))]
    known.append(model_of(both))
    assert packaged_price("m-1", TODAY) == Price(2, 8)


def test_of_a_price_in_tiers_the_one_for_short_prompts_counts(known: list[ModelInfo]) -> None:
    tiers = TieredPrices(base=Decimal(2), tiers=[Tier(start=200_000, price=Decimal(4))])
    known.append(model_of(ModelPrice(input_mtok=tiers, output_mtok=Decimal(8))))
    assert packaged_price("m-1", TODAY) == Price(2, 8)


def test_a_model_that_is_not_priced_both_ways_has_no_price(known: list[ModelInfo]) -> None:
    known.append(model_of(ModelPrice(input_mtok=Decimal(2))))
    assert packaged_price("m-1", TODAY) is None


def test_without_the_package_nothing_is_known_and_nothing_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert packaged_price("claude-opus-5-5", TODAY) is None


def test_without_the_package_it_has_no_version_and_no_day(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert packaged_version() == ""
    assert packaged_since() is None


def test_the_package_is_as_old_as_its_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    since = packaged_since()
    assert since is not None
    assert since <= dt.datetime.now(dt.UTC).date()

    class Installed:
        name = "data.py"

        def locate(self) -> Path:
            return tmp_path / "data.py"

    (tmp_path / "data.py").touch()
    monkeypatch.setattr(importlib.metadata, "files", lambda _name: [Installed()])
    assert packaged_since() == dt.datetime.now(dt.UTC).date()
    # A reproducible image gives every file one day long past.
    import os

    os.utime(tmp_path / "data.py", (0, 0))
    assert packaged_since() is None


def test_our_own_table_is_dated_names_models_as_they_resolve_and_has_sane_prices() -> None:
    table = shipped_prices()
    assert dt.date(2026, 1, 1) < table.as_of <= dt.datetime.now(dt.UTC).date()
    for model, price in table.prices.items():
        assert resolved_model(model) == model
        assert 0 < price.cached_usd_per_mtok <= price.input_usd_per_mtok, model
        assert price.input_usd_per_mtok <= price.output_usd_per_mtok, model
        assert price.written_usd_per_mtok <= 1.25 * price.input_usd_per_mtok + 1e-9, model


def test_our_own_table_has_only_what_the_package_does_not_know() -> None:
    today = dt.datetime.now(dt.UTC).date()
    assert [name for name in shipped_prices().prices if packaged_price(name, today)] == []


def heavy_after(lines: str, folder: Path) -> list[str]:
    """Which of the heavy modules a fresh process holds after these lines."""
    code = (
        f"{lines}\nimport sys\n"
        "print(*sorted({'yaml', 'pydantic', 'genai_prices', 'httpx2'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_package_is_imported_only_for_a_price_that_the_file_does_not_have(
    tmp_path: Path,
) -> None:
    tiers = "routing:\n  tiers:\n" + "".join(
        f"    {tier}: {{{{model: claude-{tier}-5-5{{0}}}}}}\n" for tier in ("haiku", "opus")
    )
    (tmp_path / "own.yaml").write_text(tiers.format(", cost: 1"))
    (tmp_path / "list.yaml").write_text(tiers.format(""))
    route = "from tierwatch.routing import Router\n"
    assert heavy_after(f"{route}from tierwatch.routing.tiers import Price", tmp_path) == []
    assert heavy_after(f"{route}Router.from_config('own.yaml')", tmp_path) == ["pydantic", "yaml"]
    held = heavy_after(f"{route}Router.from_config('list.yaml')", tmp_path)
    assert {"genai_prices", "pydantic", "yaml"} <= set(held)
