"""Entries of ``scores`` become what sends to them."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load

from tierwatch.errors import SettingsError
from tierwatch.notify.scores.langfuse import CLOUD, LangfuseScores
from tierwatch.notify.scores.phoenix import PhoenixScores
from tierwatch.runtime.scores import build_score_destinations, score_places

SCORES = """
scores:
  - {kind: langfuse, name: lf, public_key: env:LF_PUBLIC, key: env:LF_SECRET, give_up: 1h}
  - {kind: langfuse, base_url: "https://lf.example/", public_key: env:LF_PUBLIC, key: env:LF_SECRET}
  - {kind: phoenix, base_url: "http://phoenix:6006", sources: [chat]}
  - {kind: phoenix, base_url: "http://phoenix:6006", key: "file:%s"}
"""
ENVIRON = {"LF_PUBLIC": "pk", "LF_SECRET": "sk"}


def test_each_place_with_its_keys(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("px\n")
    config = load(tmp_path, ARTICLE + SCORES % key)
    assert build_score_destinations(config, ENVIRON) == (
        LangfuseScores(CLOUD, "pk", "sk", "lf", 3_600.0),
        LangfuseScores("https://lf.example", "pk", "sk", "langfuse 2"),
        PhoenixScores("http://phoenix:6006", None, "phoenix 3"),
        PhoenixScores("http://phoenix:6006", "px", "phoenix 4"),
    )


def test_which_exchanges_have_scores_for_which_place(tmp_path: Path) -> None:
    places = score_places(load(tmp_path, ARTICLE + SCORES % "/key"))
    assert [place.name for place in places] == ["lf", "langfuse 2", "phoenix 3", "phoenix 4"]
    assert [place.name for place in places if place.takes("")] == ["lf", "langfuse 2", "phoenix 4"]
    assert all(place.takes("chat") for place in places)


def test_a_key_that_is_not_there_is_said(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE + SCORES % "/key")
    with pytest.raises(SettingsError, match="LF_SECRET"):
        build_score_destinations(config, {})


def test_without_the_section_there_are_none(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE)
    assert build_score_destinations(config, {}) == score_places(config) == ()
