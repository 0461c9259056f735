"""Training from the store: what each boundary had, and what came of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from factories.pairs import add_judged, prompts
from fakes.collaborators import scalar
from sqlalchemy import Engine

from tierwatch.command.training.stored_pairs import trained_from_store
from tierwatch.errors import UsageError
from tierwatch.loop.decide.reload import current_policies
from tierwatch.routing.policy import Policy
from tierwatch.settings import Settings, read_settings

CONFIG = """\
routing:
  classifier: {kind: local}
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
evaluation: {sample_rate: 1.0, tolerance: 0.3}
"""


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    url = engine.url.render_as_string(hide_password=False)
    return replace(read_settings({}), config=tmp_path / "tierwatch.yaml", database_url=url)


def test_too_few_pairs_are_said_and_nothing_is_spent(engine: Engine, settings: Settings) -> None:
    current_policies(engine=engine, first=Policy(1, {"simple": 0.75}))
    found = trained_from_store(settings, teacher="none", limit=1000, said=lambda *_: None)
    (line,) = found["boundaries"]
    assert (line["boundary"], line["pairs"], line["proposal"]) == ("simple", 0, None)
    assert "pairs are needed" in line["why"]
    assert "log_loss" not in line
    assert scalar(engine, "select count(*) from refits") == 0


def test_before_and_after_and_a_proposal(engine: Engine, settings: Settings) -> None:
    current_policies(engine=engine, first=Policy(1, {"simple": 0.75}))
    with engine.begin() as connection:
        add_judged(connection, list(prompts(800)))
    found = trained_from_store(settings, teacher="words", limit=600, said=lambda *_: None)
    (line,) = found["boundaries"]
    # The newest 600 of 800, the newest quarter of them held out.
    assert (line["pairs"], line["learned"]) == (600, 450)
    assert line["log_loss"]["candidate"] < line["log_loss"]["incumbent"]
    assert line["proposal"] == scalar(engine, "select id from proposals")


def test_another_kind_of_classifier_is_wrong_use(settings: Settings) -> None:
    settings.config.write_text(CONFIG.replace("local", "heuristic"))
    with pytest.raises(UsageError, match="training needs local"):
        trained_from_store(settings, teacher="none", limit=10, said=lambda *_: None)
