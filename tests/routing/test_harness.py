import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.harness import human_text, written_by_person

ASKED = "Find the race condition in this module."


def parts(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


@pytest.mark.parametrize(
    "text",
    [
        f"<system-reminder>\nBe brief.\n</system-reminder>\n{ASKED}",
        f"{ASKED}\n<environment_details>\nOpen: a.py\n</environment_details>",
        f"<ide_selection>a</ide_selection>\n{ASKED}\n<bash-stdout>1</bash-stdout>",
        f"<environment_context>\n  <cwd>/a</cwd>\n</environment_context>\n\n{ASKED}",
        f"<permissions instructions>none</permissions>{ASKED}",
        f"<additional_data>\n<x>1</x>\n</additional_data>\n<user_query>\n{ASKED}\n</user_query>",
        f"<context>\nfile\n</context>\n<userRequest>{ASKED}</userRequest>",
        f"<task>\n{ASKED}\n</task>\n\n<environment_details>\n# Files\n</environment_details>",
        f"<command-name>/fix</command-name>\n<command-args>{ASKED}</command-args>",
        f"# Context from my IDE setup:\n\n## Tabs:\n- a.py\n\n## My request for Codex:\n{ASKED}",
    ],
)
def test_what_a_person_wrote_is_left(text: str) -> None:
    assert written_by_person(text) == ASKED
    assert human_text({"content": text}) == ASKED
    assert human_text(parts(text)) == ASKED


@pytest.mark.parametrize(
    "text",
    [
        "",
        ASKED,
        "Fix <b>this</b> and <my-part>that</my-part>",
        "<task>Translate this.</task><text>Good morning</text>",
        "<document>long</document>\nSum up the document.",
        "<context>people write this too</context>",
        "<system-reminder>that never ends",
        "a </system-reminder> that never began",
        "if a < b and b > c:\n    pass",
        "1 << 3",
        "  white space stays  ",
        "What is a <system-reminder>x</system-reminder> for in Claude Code?",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert written_by_person(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<system-reminder>only</system-reminder>",
        "<system-reminder>one</system-reminder>\n<local-command-stdout>x</local-command-stdout>",
        "# AGENTS.md instructions for /a\n\n<INSTRUCTIONS>\nUse tabs.\n</INSTRUCTIONS>",
        "[Request interrupted by user for tool use]",
        "Tool loaded.",
        "This session is being continued from a previous conversation that was too long.",
    ],
)
def test_a_programs_own_text_leaves_nothing(text: str) -> None:
    assert written_by_person(text) == ""


def test_parts_that_a_program_added_are_left_out() -> None:
    reminder = "<system-reminder>x</system-reminder>"
    assert human_text(parts(reminder, ASKED)) == ASKED
    assert human_text(parts(ASKED, "and the tests", reminder)) == f"{ASKED}\nand the tests"
    # A block under a name of several words, beside free text: of a program that we do not know.
    assert human_text(parts("<open_tabs>a.py</open_tabs>", ASKED)) == ASKED
    assert human_text(parts("<open_tabs>a.py</open_tabs>")) == "<open_tabs>a.py</open_tabs>"
    assert human_text(parts("<b>bold</b>", ASKED)) == f"<b>bold</b>\n{ASKED}"


def test_pictures_and_unknown_parts_have_no_text() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:"}}
    content = [image, {"type": "input_text", "text": ASKED}, {"type": "new"}, 7]
    assert human_text({"content": content}) == ASKED
    assert human_text({"content": [image]}) == ""


@pytest.mark.parametrize("message", [None, 7, {}, {"content": None}, {"content": {"a": 1}}])
def test_what_is_no_message_has_no_text(message: Any) -> None:
    assert human_text(message) == ""


@given(text=st.text() | st.from_regex(r"(</?(system-reminder|task|user_query|x)>|a|\s){0,12}"))
def test_nothing_is_invented(text: str) -> None:
    left = written_by_person(text)
    assert left in text
    assert written_by_person(f"<system-reminder>x</system-reminder>{ASKED}{text}").startswith(
        ASKED
    ) or "user_query>" in text or "task>" in text  # fmt: skip


def test_a_page_of_tags_costs_no_more_than_its_length() -> None:
    def seconds(text: str) -> float:
        begun = time.process_time()
        for _ in range(5):
            written_by_person(text)
        return time.process_time() - begun

    for text in ("<system-reminder>" * 100_000, "<a>" * 600_000, "</system-reminder>" * 100_000):
        assert seconds(text) < 1.0
