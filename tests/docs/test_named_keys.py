"""What pages call `section.key` is a key of the configuration."""

import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from tierwatch.config import ConfigFile
from tierwatch.routing.config.reading.schema import accepted_keys

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for place in ("docs", "deploy")
    for path in (ROOT / place).rglob("*")
    if path.suffix in {".md", ".yaml", ".env"} and "decisions" not in path.parts
)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_origin(annotation) not in {tuple, dict, Mapping}:
        for part in typing.get_args(annotation):
            yield from _models(part)


def sections() -> dict[str, set[str]]:
    """The sections that have keys of their own, and those keys."""
    return {
        section: {key for model in models for key in accepted_keys(model)}
        for section, field in accepted_keys(ConfigFile).items()
        if (models := list(_models(field.annotation)))
    }


def unknown_keys(page: str) -> list[str]:
    """Each `section.key` of a page, of a section that there is, whose key there is not."""
    known = sections()
    named = re.findall(rf"(?<![\w@/.-])({'|'.join(known)})\.(?!md\b)([a-z_]+)\b(?!\()", page)
    return [f"{section}.{key}" for section, key in named if key not in known[section]]


def test_a_key_that_there_is_not_is_found() -> None:
    text = "Set `gateway.workers`, `gateway.api_keys`, evaluation.judge.model. See people.md."
    assert unknown_keys(text) == ["gateway.workers"]


@pytest.mark.parametrize("page", PAGES)
def test_each_key_that_a_page_names_exists(page: str) -> None:
    assert unknown_keys((ROOT / page).read_text()) == []
