"""``scores``: what loads, and what is said of what does not."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, problems

from tierwatch.config import Secret
from tierwatch.config.outgoing.scores import score_names

LANGFUSE = "{kind: langfuse, public_key: env:LF_PUBLIC, key: env:LF_SECRET}"
PHOENIX = '{kind: phoenix, base_url: "http://phoenix:6006"}'


def test_both_kinds_load_with_their_defaults(tmp_path: Path) -> None:
    langfuse, phoenix = load(tmp_path, ARTICLE + f"scores: [{LANGFUSE}, {PHOENIX}]\n").scores
    assert (langfuse.key, langfuse.public_key) == (Secret("LF_SECRET"), Secret("LF_PUBLIC"))
    assert (langfuse.base_url, langfuse.give_up_s) == ("", 86_400.0)
    assert (phoenix.base_url, phoenix.key) == ("http://phoenix:6006", None)
    assert score_names([langfuse, phoenix]) == ["langfuse 1", "phoenix 2"]


def test_without_the_section_nothing_goes_back(tmp_path: Path) -> None:
    assert load(tmp_path, ARTICLE).scores == ()


@pytest.mark.parametrize(
    ("sources", "source", "takes"),
    [
        ("", "", True),
        ("", "chat", True),
        ("sources: [chat]", "chat", True),
        ("sources: [chat]", "", False),
        ("sources: [chat]", "other", False),
        ("sources: [gateway]", "", True),
        ("sources: [gateway, chat]", "chat", True),
    ],
)
def test_whose_scores_go_there(tmp_path: Path, sources: str, source: str, *, takes: bool) -> None:
    text = PHOENIX.replace("}", f", {sources}}}" if sources else "}")
    [place] = load(tmp_path, ARTICLE + f"scores: [{text}]\n").scores
    assert place.takes(source) is takes


def test_how_long_it_is_tried(tmp_path: Path) -> None:
    text = PHOENIX.replace("}", ", give_up: 2h}")
    [place] = load(tmp_path, ARTICLE + f"scores: [{text}]\n").scores
    assert place.give_up_s == 7_200.0


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{kind: langfuse, key: env:A}", "public_key: found nothing"),
        ("{kind: langfuse, public_key: env:A}", "key: found nothing"),
        ("{kind: phoenix}", "base_url: found nothing"),
        (PHOENIX.replace("}", ", public_key: env:A}"), "kind phoenix does not take"),
        ("{kind: arize}", "kind"),
        ("{base_url: 'http://p'}", "kind"),
        ("{kind: phoenix, base_url: p}", "base_url"),
        ("{kind: phoenix, base_url: 'http://u:p@x'}", "without user or password"),
        ("{kind: langfuse, public_key: env:A, key: sk-lf-made-up}", "never the secret"),
        (PHOENIX.replace("}", ", give_up: never}"), "give_up"),
        (PHOENIX.replace("}", ", colour: red}"), "unknown key"),
    ],
)
def test_what_is_not_accepted_is_said_and_no_secret_is(
    tmp_path: Path, entry: str, said: str
) -> None:
    found = "\n".join(problems(tmp_path, ARTICLE + f"scores: [{entry}]\n"))
    assert said in found
    assert "sk-lf" not in found


def test_a_name_stands_once_and_is_no_destination_of_alerts(tmp_path: Path) -> None:
    one, other = (PHOENIX.replace("}", f", name: {name}}}") for name in ("ops", "px"))
    hook = "notify: [{kind: webhook, name: ops, url: env:HOOK}]\n"
    [said] = problems(tmp_path, ARTICLE + hook + f"scores: [{one}, {other}]\n")
    assert "'ops' twice" in said
    [said] = problems(tmp_path, ARTICLE + f"scores: [{other}, {other}]\n")
    assert "'px' twice" in said
