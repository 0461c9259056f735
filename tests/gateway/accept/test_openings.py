"""What begins alike and is no conversation; test_conversations.py has what is one."""

from typing import Any

import pytest

from tierwatch.gateway.accept import openings
from tierwatch.gateway.accept.openings import Openings, letters

WARMED_UP = 4  # three ways are a person's; with the fourth it is known for a program's


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def name(here: Openings, *messages: dict[str, Any]) -> str:
    return here.name({}, {"model": "auto"}, messages, b"key")


@pytest.mark.parametrize("shots", [1, 2, 5])
def test_worked_examples_are_no_conversation(shots: int) -> None:
    here = Openings(b"secret")
    examples = [m for n in range(shots) for m in (user(f"Sum {n} and 1"), says(f"{n + 1}"))]
    asked = [[*examples, user(f"Sum {n} and 7")] for n in range(20)]
    names = [name(here, *messages) for messages in asked]
    # Until it is known the first ones are taken for one; then each is its own.
    assert len(set(names[WARMED_UP:])) == 20 - WARMED_UP
    # And stays it when it goes on.
    later = [name(here, *messages, says("?"), user("Are you sure?")) for messages in asked]
    assert later[WARMED_UP:] == names[WARMED_UP:]


def test_material_in_the_system_prompt_under_one_sentence() -> None:
    here = Openings(b"secret")
    head = "You sum up what stands here for people who have little time, without leaving out. " * 2
    first = [[system(f"{head}\nReport {chr(65 + n)}"), user("Sum it up.")] for n in range(20)]
    names = [name(here, *messages) for messages in first]
    assert len(set(names[WARMED_UP:])) == 20 - WARMED_UP
    later = [name(here, *messages, says("So."), user("Shorter.")) for messages in first]
    assert later[WARMED_UP:] == names[WARMED_UP:]
    # Another day in it is the same prompt.
    day = [system(f"{head}\nReport Z, day 1"), user("Sum it up.")]
    assert name(here, *day) == name(here, system(f"{head}\nReport Z, day 2"), day[1])


def test_documents_that_are_looked_up_for_each_turn_split_nothing() -> None:
    here = Openings(b"secret")
    head = "You answer questions about our handbook from the pages that stand below, and no others."
    chat: list[Any] = [user("How do I apply for leave?")]
    names = set()
    for turn in range(12):
        names.add(name(here, system(f"{head}{' ' * 60}page {chr(65 + turn)}"), *chat))
        chat += [says(f"Answer {turn}"), user(f"And what of case {turn}?")]
    assert len(names) == 1


def test_a_conversation_of_many_turns_is_one_whatever_it_is_about() -> None:
    here = Openings(b"secret")
    chat: list[Any] = [user("hi")]
    names = []
    for turn in range(50):
        names.append(name(here, *chat))
        chat += [says("yes"), user(f"Next {turn}")]
    assert len(set(names)) == 1


def test_people_who_begin_with_the_same_word_are_told_apart_by_the_next() -> None:
    here = Openings(b"secret")
    for person in range(20):
        name(here, user("hi"), says("Hello!"), user(f"I am number {person}."))
    late = [
        [user("hi"), says("Hello!"), user(f"I am number {n}."), says("So?"), user("Help.")]
        for n in range(10, 20)
    ]
    assert len({name(here, *messages) for messages in late}) == 10


def test_a_turn_that_is_edited_or_asked_again_stays_in_its_conversation() -> None:
    here = Openings(b"secret")
    first = name(here, user("Plan it."))
    for text in ("Longer", "Longer.", "Longer, please", "Longer", "Longer, please"):
        assert name(here, user("Plan it."), says("So."), user(text)) == first


def test_the_same_question_asked_by_itself_is_one_for_ever() -> None:
    """Pairs of one and the same prompt are no independent evidence."""
    here = Openings(b"secret")
    assert len({name(here, system("Be brief."), user("ping")) for _ in range(50)}) == 1


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "_MOST_BEGINNINGS", 10)
    here = Openings(b"secret")
    for n in range(100):
        name(here, user(f"Question {n}"), says("Yes"), user("More"))
    assert len(here._ways) == 10
    first = name(here, user("Question 0"))
    assert name(here, user("Question 0"), says("Yes"), user("More")) == first


def test_plain_requests_are_not_remembered() -> None:
    here = Openings(b"secret")
    for n in range(5):
        name(here, system("Be brief."), user(f"Question {n}"))
    assert here._ways == {}


def test_no_messages_have_a_name_too() -> None:
    assert name(Openings(b"secret")).startswith("opening:")
    assert letters("0123456789abcdef") == "abcdefghijklmnop"


def test_what_stands_between_long_instructions_tells_requests_apart() -> None:
    """Of one length, with the same words on both sides: one name would be one observation."""
    here = Openings(b"secret")
    before, behind = "Read the order below. " * 250, "Answer as the house style says. " * 250
    names = {
        here.name({}, {}, [{"role": "user", "content": f"{before}{order:08}{behind}"}], b"key")
        for order in range(50)
    }
    assert len(names) == 50
