"""A judge's prompts: never edited once published, and no text in them closes its fence."""

import hashlib
import itertools
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import JudgeError
from tierwatch.judges.prompting.fenced import fenced, judge_prompt

COMPARES = ("pairwise_v2", "pairwise_reference_v1")


def test_published_prompts_are_never_edited() -> None:
    """A changed prompt is another measurement: add a file with the next version instead."""
    digests = {
        "notes_v1": "68082ddc96e991c7",
        "pairwise_reference_v1": "ff204eefd6af99ef",
        "pairwise_v2": "46c1ce80b43d1858",
    }
    folder = files("tierwatch.judges") / "prompts"
    found = {path.name for path in folder.iterdir() if path.name.endswith(".txt")}
    assert found == {f"{name}.txt" for name in digests}
    for name, digest in digests.items():
        text = (folder / f"{name}.txt").read_bytes()
        assert hashlib.sha256(text).hexdigest()[:16] == digest, name


@pytest.mark.parametrize("name", COMPARES)
def test_a_comparison_says_what_binds_the_judge(name: str) -> None:
    system, user = judge_prompt(name)
    for needed in ("data", "defect", "materially worse", "Ties are normal", "Length, style"):
        assert needed in system.template
    assert system.template.index('"reason"') < system.template.index('"verdict"')
    wanted = {"nonce", "conversation", "answer_a", "answer_b", "tools"}
    assert set(user.get_identifiers()) - {"notes"} == wanted
    assert ("notes" in user.get_identifiers()) == (name != "pairwise_v2")
    assert system.get_identifiers() == ["nonce"]


def test_every_defence_of_the_plain_prompt_stands_in_the_other() -> None:
    plain, reference = (judge_prompt(name)[0].template.split("\n\n") for name in COMPARES)
    # The second paragraph lists what is shown, the notes among it.
    assert [part for part in plain if part not in reference] == [plain[1]]
    assert plain[1].split(". ", 1)[1] in reference[1]


def test_notes_are_asked_for_without_the_answers() -> None:
    system, user = judge_prompt("notes_v1")
    assert set(user.get_identifiers()) == {"nonce", "conversation", "tools"}
    for needed in ("not shown the answers", "data", "not addressed to you", "carry exactly"):
        assert needed in system.template


def test_an_unknown_prompt_is_refused() -> None:
    with pytest.raises(JudgeError, match="v99"):
        judge_prompt("pairwise_v99")


@given(st.text(st.sampled_from("<>ab12\n CONVERSATION")), st.text())
def test_no_text_holds_the_code_of_its_fence(one: str, other: str) -> None:
    codes = itertools.chain(["a", "b1", "AB"], (f"{n:016x}" for n in itertools.count()))
    data = {"conversation": one, "tools": other}
    _, user = fenced(judge_prompt("notes_v1"), data, lambda: next(codes))
    code = user["content"].split("<<<CONVERSATION ", 1)[1].split("\n", 1)[0]
    assert code.lower() not in f"{one}\n{other}".lower()
    assert user["content"].count(f"CONVERSATION {code}>>>") == 1


def test_a_code_that_is_guessed_each_time_ends_the_comparison() -> None:
    with pytest.raises(JudgeError, match="can be guessed"):
        fenced(judge_prompt("notes_v1"), {"conversation": "0", "tools": ""}, lambda: "0")


def test_a_dollar_in_a_text_is_a_dollar() -> None:
    _, user = fenced(
        judge_prompt("notes_v1"), {"conversation": "$nonce ${x}", "tools": ""}, lambda: "c0de"
    )
    assert "$nonce ${x}" in user["content"]
