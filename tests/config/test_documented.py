"""docs/configuration.md has every key as the models have it, and its examples load."""

import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from factories.config import load
from pydantic import BaseModel

from tierwatch.config import ConfigFile
from tierwatch.routing.config.reading.schema import accepted_keys

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


KIND_OF = {
    "read_share": "share",
    "read_open_share": "share",
    "read_seconds": "duration",
    "read_overlap": "duration",
    "read_at_least": "duration",
    "read_at_least_or_off": "duration or `off`",
    "read_price": "price",
    "read_name": "name",
    "read_effort": "true, false or list of levels",
    "read_secret": "env:NAME",
    "read_gateway_key": "key",
    "read_url": "URL",
    "read_host": "host",
    "read_label_name": "name",
    "read_mail_address": "address",
    "read_issuer": "https URL",
    "read_network": "network",
    "read_url_or_secret": "URL or env:NAME",
    "_read_tolerance": "share, or tier: share",
    "_read_thresholds": "share, or tier: share",
    "read_level": "number",
    "read_false_alarms": "share per pairs",
    "_read_alpha": "`tolerance` or share",
}


_PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Any: "any value",
}


def kind_of(  # noqa: PLR0911 - one return for each form that a type can have
    annotation: Any, metadata: tuple[Any, ...] = ()
) -> str:
    """The type of a key as the documentation writes it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return kind_of(arguments[0], arguments[1:])
    for validator in metadata:
        function = getattr(validator, "func", None)
        if function is not None and function.__name__ in KIND_OF:
            return KIND_OF[function.__name__]
    if origin in {typing.Union, types.UnionType}:
        return kind_of(next(a for a in arguments if a is not type(None)), metadata)
    if origin is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin is tuple:
        return f"list of {kind_of(arguments[0])}"
    if origin in {dict, Mapping}:
        return f"name: {kind_of(arguments[1])}"
    return _PLAIN[annotation]


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in models_in(part)]


def written(default: object) -> str:
    if default is None or default in ("", ()) or isinstance(default, Mapping):
        return "-"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def rows(model: type[BaseModel], prefix: str = "") -> list[str]:
    """A row ``| key | type | default | help |`` for each key at and below a model."""
    found = []
    for key, field in accepted_keys(model).items():
        origin = typing.get_origin(field.annotation)
        inner = models_in(field.annotation)
        name = f"{prefix}{key}"
        if inner:
            step = ".*" if origin is Mapping else "[]" if origin is tuple else ""
            found += rows(inner[0], f"{name}{step}.")
            continue
        kind = kind_of(field.annotation, tuple(field.metadata))
        if kind.startswith("duration") and isinstance(field.default, float):
            default = f"{field.default:g}s"
        else:
            default = (
                "required"
                if field.is_required()
                else written(field.get_default(call_default_factory=True, validated_data={}))
            )
        found.append(f"| `{name}` | {kind} | {default} | {field.description} |")
    return found


def test_every_key_is_documented_with_type_default_and_help() -> None:
    expected = rows(ConfigFile)
    assert len(expected) > 40
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    documented = [line for line in lines if line.startswith("| `")]
    assert documented == expected


def test_the_documented_examples_load(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        assert load(tmp_path, example).tiers
