"""How much is sampled, as a configuration says it."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load

from tierwatch.config import Config
from tierwatch.runtime.sampling import sampling_plan


def asked(folder: Path, evaluation: str) -> Config:
    """A configuration of which only the section ``evaluation`` matters."""
    return load(folder, f"{ARTICLE}evaluation: {{{evaluation}}}\n")


@pytest.mark.parametrize(
    ("rate", "phases"),
    [("5 %", 2), ("0.49", 2), ("0.5", 1), ("1", 1), ("0", 2)],
)
def test_under_half_the_sample_is_chosen_in_two_phases(
    tmp_path: Path, rate: str, phases: int
) -> None:
    plan = sampling_plan(asked(tmp_path, f"sample_rate: {rate}"))
    assert (plan.allocation is None) == (phases == 1)


def test_a_rate_of_probes_is_handed_on_as_it_is_or_left_to_the_plan(tmp_path: Path) -> None:
    assert sampling_plan(asked(tmp_path, "sample_rate: 0.1")).probe_down_rate is None
    assert sampling_plan(asked(tmp_path, "probe_down_rate: 0.2")).probe_down_rate == 0.2


@pytest.mark.parametrize(
    ("section", "share"),
    [
        ("sample_rate: 0.1", 0.01),
        ("objective: {quality: 0.95}", 0.1),
        ("objective: {quality: 0.95}, direct_share: 0.02", 0.02),
        ("direct_share: 1", 1.0),
        ("direct_share: 0", 0.0),
    ],
)
def test_a_share_is_compared_with_the_top_tier(tmp_path: Path, section: str, share: float) -> None:
    assert sampling_plan(asked(tmp_path, section)).direct_share == share
