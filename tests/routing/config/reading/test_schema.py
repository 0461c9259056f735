"""The keys that a section accepts, and the section that reads a place in the file."""

from collections.abc import Mapping

import pytest
from pydantic import BaseModel, Field

from tierwatch.config import ConfigFile
from tierwatch.config.evaluation import EvaluationConfig
from tierwatch.config.gateway import CacheConfig
from tierwatch.routing.config.deployments import DeploymentSection
from tierwatch.routing.config.reading.schema import accepted_keys, section_at
from tierwatch.routing.config.tiers import TierSection


class Entry(BaseModel):
    model_config = {"extra": "forbid"}
    name: str


class Holder(BaseModel):
    by_name: Mapping[str, Entry] | None = None
    listed: tuple[Entry, ...] = ()


@pytest.mark.parametrize("path", [("by_name", "x"), ("listed", 0)])
def test_the_model_that_reads_a_mapping_is_found_through_containers(
    path: tuple[str | int, ...],
) -> None:
    assert section_at(Holder, path) is Entry


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ((), ConfigFile),
        (("evaluation",), EvaluationConfig),
        (("gateway", "cache"), CacheConfig),
        (("routing", "tiers", "simple"), TierSection),
        (("routing", "tiers", "simple", "providers", 2), DeploymentSection),
    ],
)
def test_the_section_of_a_place_in_the_file(
    path: tuple[str | int, ...], section: type[BaseModel]
) -> None:
    assert section_at(ConfigFile, path) is section


def test_keys_are_those_of_the_file_and_not_of_python() -> None:
    class Timed(BaseModel):
        timeout_s: float = Field(default=1.0, validation_alias="timeout")
        kind: str = ""

    assert list(accepted_keys(Timed)) == ["timeout", "kind"]
    assert accepted_keys(Timed)["timeout"].default == 1.0
    assert "timeout_s" not in accepted_keys(TierSection)
