"""A draft as text: whatever names are, YAML reads back what was meant."""

from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.command.setup.draft import Draft, DraftModel, DraftProvider
from tierwatch.command.setup.written import written
from tierwatch.config import load_config
from tierwatch.routing.tiers import Price

SIMPLE = DraftModel("small", (("own", "small"), ("rented", "vendor/small")), Price(0.1, 0.4))
COMPLEX = DraftModel("large", (("own", "large"),), None, guessed=True)
DRAFT = Draft(
    tiers={"simple": SIMPLE, "complex": COMPLEX},
    providers=(
        DraftProvider("own", "openai", "http://10.0.0.1/v1", "OWN"),
        DraftProvider("rented", "openai"),
    ),
    judge=DraftModel("judge", (("rented", "judge"),), Price(1, 2)),
    aliases={"simple": ("fast", "gpt: 4, #1")},
)


def test_everything_of_a_draft_is_read_back(tmp_path: Path) -> None:
    cheap = Draft(
        tiers={"simple": COMPLEX, "complex": SIMPLE},
        providers=DRAFT.providers,
        judge=DRAFT.judge,
        aliases={},
    )
    path = tmp_path / "t.yaml"
    path.write_text(written(cheap))
    config = load_config(path)
    assert config.tiers[0].price == Price(0, 0)
    assert config.tiers[1].price == Price(0.1, 0.4)
    assert [one.provider for one in config.tiers[1].served_at()] == ["own", "rented"]
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.price == Price(1, 2)
    assert config.intake.keys == ()


def test_a_proxy_that_is_watched_has_its_sections() -> None:
    file = yaml.safe_load(written(DRAFT))
    assert file["watch"] == {"tiers": {"simple": ["fast", "gpt: 4, #1"]}}
    assert file["intake"]["keys"][0]["key"] == "env:LITELLM_INTAKE_KEY"


def test_without_a_judge_the_file_says_how_to_name_one() -> None:
    text = written(Draft(DRAFT.tiers, DRAFT.providers, None, {}))
    assert "judge" not in yaml.safe_load(text)["evaluation"]
    assert "# judge: {kind: pairwise" in text


@given(name=st.text(min_size=1, max_size=30), alias=st.text(min_size=1, max_size=30))
def test_no_name_breaks_the_file(name: str, alias: str) -> None:
    try:
        name.encode(), alias.encode()
    except UnicodeEncodeError:
        return
    model = DraftModel(name, (("own", name),))
    file = yaml.safe_load(
        written(Draft({"a": model, "b": COMPLEX}, DRAFT.providers, None, {"a": (alias,)}))
    )
    assert file["routing"]["tiers"]["a"]["model"] == name
    assert file["watch"]["tiers"]["a"] == [alias]
