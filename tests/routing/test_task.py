from typing import Any

import pytest
from factories.recorded_clients import claude_code_body, codex_turns
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.task import Task, task_of
from tierwatch.wire.translation import library_request

REMINDER = "<system-reminder>Be brief.</system-reminder>"


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


SYSTEM = {"role": "system", "content": "Help."}
SAID = {"role": "assistant", "content": "Done."}
CALLED = {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "12 lines"}


def test_a_plain_chat() -> None:
    chat = [SYSTEM, user("First"), SAID, user("Second, please")]
    # Both of the user's texts: 5 + 14 characters; "Done." between them.
    assert task_of(chat) == Task("Second, please", "First", 2, 19, 5, results=False, images=0)


def test_results_of_tools_are_a_state_and_not_the_task() -> None:
    chat = [SYSTEM, user("Fix it"), CALLED, RESULT]
    assert task_of(chat) == Task("Fix it", "", 1, 6, 8, results=True, images=0)
    assert not task_of([*chat, SAID]).results
    assert not task_of([*chat, SAID, user("And now?")]).results
    assert task_of([user("Fix it"), {"role": "function", "content": "4"}]).results


@pytest.mark.parametrize(
    "aside", ["Tool loaded.", "Continue", REMINDER, "[Request interrupted by user]", "go on please"]
)
def test_what_stands_beside_a_result_is_no_task(aside: str) -> None:
    task = task_of([user("Fix it"), CALLED, RESULT, user(aside)])
    assert (task.prompt, task.turns, task.results) == ("Fix it", 1, True)


def test_a_person_may_speak_beside_a_result() -> None:
    more = "Stop, use the other parser for it."
    task = task_of([user("Fix it"), CALLED, RESULT, user(more)])
    assert (task.prompt, task.before, task.turns) == (more, "Fix it", 2)
    # After an answer a short word is the person's.
    assert task_of([user("Plan it"), SAID, user("yes")]).prompt == "yes"


def test_where_nobody_spoke_the_last_text_is_read() -> None:
    assert task_of([SYSTEM]).prompt == "Help."
    assert task_of([SYSTEM, RESULT]) == Task("12 lines", "", 0, 8, 8, results=False, images=0)
    assert task_of([user(REMINDER)]).prompt == REMINDER
    assert task_of([]) == Task("", "", 0, 0, 0, results=False, images=0)


def test_a_picture_alone_is_a_turn() -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    task = task_of([user("Before"), SAID, {"role": "user", "content": [image]}])
    assert (task.prompt, task.before, task.images) == ("", "Before", 1)


def test_recorded_agents_are_asked_what_their_users_ask() -> None:
    ask = "Find the race condition in this kernel module."
    for results in (0, 3):
        body = claude_code_body(ask, results=results)
        task = task_of(library_request("anthropic", body)["messages"])
        assert (task.prompt, task.turns, task.results) == (ask, 1, results > 0)
    for session, _, body in codex_turns(sessions=2, turns=2):
        task = task_of(library_request("responses", body)["messages"])
        assert task.prompt.endswith(f"Module {session}.")
        assert task.turns == 1


contents = (
    st.none() | st.text(max_size=9) | st.lists(st.text(max_size=4) | st.integers(), max_size=3)
)


@given(
    messages=st.lists(
        st.none()
        | st.dictionaries(st.sampled_from(["role", "content"]), contents)
        | st.builds(lambda content: {"role": "user", "content": content}, contents),
        max_size=5,
    )
)
def test_anything_is_read_as_far_as_it_can_be(messages: list[Any]) -> None:
    task = task_of(messages)
    assert isinstance(task.prompt, str)
    assert 0 <= task.turns <= len(messages)
