import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.shown.prompt_texts import PromptTexts, prompt_texts
from tierwatch.judges.shown.token_estimate import estimated_tokens
from tierwatch.judges.verdict import Question
from tierwatch.wire.translation import library_request

RECORDED = Path(__file__).parents[4] / "shared/data/intake/anthropic_requests_claude_code.json"
MARK = re.compile(r"\[\.\.\. ([\d,]+) characters cut \.\.\.\]")


def says(text: str, role: str = "assistant") -> dict[str, Any]:
    return {"role": role, "content": text}


def shown(
    *messages: dict[str, Any],
    a: str = "one",
    b: str = "other",
    tokens: int = 2_000,
    **more: Any,
) -> PromptTexts:
    return prompt_texts(Question(list(messages), **more), says(a), says(b), tokens=tokens)


def total(texts: PromptTexts) -> int:
    parts = (texts.conversation, texts.answer_a, texts.answer_b, texts.tools)
    return sum(map(estimated_tokens, parts))


def test_what_fits_is_shown_whole() -> None:
    texts = shown(says("Be brief.", "system"), says("Why?", "user"))
    assert texts.conversation == "[system]\nBe brief.\n\n[user]\nWhy?"
    assert (texts.answer_a, texts.answer_b, texts.tools) == ("one", "other", "")
    assert texts.left_out == {}


WORDS = st.sampled_from(["word ", "語", "x", "0f3c", "{}\n", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo"])
LONG = st.tuples(WORDS, st.integers(0, 4_000)).map(lambda one: one[0] * one[1])
ROLES = st.sampled_from(["system", "user", "assistant", "tool"])


@given(st.lists(st.tuples(ROLES, LONG), max_size=8), LONG, LONG, st.integers(500, 4_000))
def test_everything_fits_and_both_answers_alike(
    said: list[tuple[str, str]], a: str, b: str, tokens: int
) -> None:
    messages = [says(text, role) for role, text in said]
    texts = shown(*messages, a=a, b=b, tokens=tokens)
    # Marks and labels of many pieces may take a little more than was reckoned for them.
    assert total(texts) <= 1.1 * tokens + 50
    turned = shown(*messages, a=b, b=a, tokens=tokens)
    assert (turned.answer_a, turned.answer_b) == (texts.answer_b, texts.answer_a)
    assert turned.conversation == texts.conversation
    # One level for both: the shorter one is never cut further than the longer one.
    cut = [texts.left_out.get(name, 0) for name in ("answer_a", "answer_b")]
    sizes = [estimated_tokens(a), estimated_tokens(b)]
    if cut[0] and not cut[1]:
        assert sizes[1] <= sizes[0]
    # At least their share: 40 of 110, were every other part there and long.
    for text, size in zip((texts.answer_a, texts.answer_b), sizes, strict=True):
        assert estimated_tokens(text) >= min(size, 0.8 * tokens * 40 / 110 / 2 - 16)


@given(st.lists(st.tuples(ROLES, LONG), max_size=6), st.integers(600, 3_000))
def test_what_is_missing_is_counted(said: list[tuple[str, str]], tokens: int) -> None:
    messages = [says(text, role) for role, text in said]
    texts = shown(*messages, tokens=tokens)
    marked = sum(int(found.replace(",", "")) for found in MARK.findall(texts.conversation))
    assert marked == sum(texts.left_out.values())


def test_no_part_pushes_out_another() -> None:
    """Each is far longer than the room; each shows its beginning and, where it counts, its end."""

    def long(name: str) -> str:
        return f"{name} begins " + "and goes on, " * 20_000 + f"{name} ends"

    tools = [{"function": {"name": f"tool_{n}", "description": long("t")}} for n in range(900)]
    messages = [
        says(long("system"), "system"),
        says(long("first"), "user"),
        *(says(long("earlier")) for _ in range(30)),
        says(long("last"), "user"),
        {**says(""), "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        says(long("result"), "tool"),
    ]
    texts = shown(
        *messages,
        a=long("a"),
        b=long("b"),
        tokens=6_000,
        tools=tools,
        contexts=(long("passage"),),
        response_format={"type": "json_schema", "json_schema": {"schema": long("schema")}},
    )
    for name in ("system", "first", "last", "result", "passage"):
        assert f"{name} begins" in texts.conversation
        assert f"{name} ends" in texts.conversation
    assert "schema begins" in texts.conversation
    assert "earlier begins" in texts.conversation
    assert texts.tools.startswith("tool_0: t begins")
    assert texts.answer_a.startswith("a begins")
    assert texts.answer_b.endswith("b ends")
    assert len(texts.answer_a) == len(texts.answer_b)
    names = {"system", "task", "earlier", "newest", "passages", "form", "tools"}
    assert set(texts.left_out) == names | {"answer_a", "answer_b"}
    assert total(texts) <= 6_300


def test_of_the_earlier_conversation_the_newest_turns_are_kept() -> None:
    turns = [says(f"turn {n} " + "x, " * 200, "assistant") for n in range(50)]
    texts = shown(says("Start.", "user"), *turns, says("Go on.", "user"), tokens=3_000)
    kept = [int(n) for n in re.findall(r"turn (\d+) ", texts.conversation)]
    assert kept == list(range(kept[0], 50))
    assert len(kept) >= 3
    assert re.search(
        r"Start\.\n\n\[\.\.\. [\d,]+ characters cut \.\.\.\]\n\n\[assistant", texts.conversation
    )


def test_one_long_result_does_not_push_out_the_others_beside_it() -> None:
    results = [says("short one", "tool"), says("x, " * 50_000, "tool"), says("short two", "tool")]
    texts = shown(says("Run.", "user"), says("calls"), *results)
    assert "short one" in texts.conversation
    assert "short two" in texts.conversation


def test_hidden_signs_are_shown_as_such() -> None:
    assert shown(says("a\x00b", "user"), a="\ud800").answer_a == "\ufffd"


def agent_request(result: str) -> dict[str, Any]:
    """Claude Code's second request as it was recorded, with texts where lengths were kept."""
    request = json.loads(RECORDED.read_text())[1]["body"]

    def filled(text: str, words: str) -> str:
        found = re.fullmatch(r"\[(\d+) characters\]", text)
        return (words * int(found[1]))[: int(found[1])] if found else text

    for block in request["system"]:
        block["text"] = filled(block["text"], "You are an interactive agent. ")
    request["messages"][0]["content"][0]["text"] = (
        "<system-reminder>" + filled("[540 characters]", "A rule. ") + "</system-reminder>"
    )
    request["messages"][1]["content"] = filled(request["messages"][1]["content"], "A skill. ")
    request["messages"][3]["content"][0]["content"] = result
    for tool in request["tools"]:
        tool["description"] = filled(tool["description"], "Does things. ")
    return library_request("anthropic", request)


@pytest.mark.skipif(not RECORDED.exists(), reason="needs the recorded requests beside the tree")
@pytest.mark.parametrize("size", [0, 20_000, 200_000])
def test_of_a_recorded_agents_request_what_decides_is_shown(size: int) -> None:
    result = f"Result begins\n{'a line of a file, number 12;' * (size // 28)}\nresult ends"
    question = Question.from_request(agent_request(result))
    texts = prompt_texts(question, says("Hello from A."), says("Hello from B."), tokens=23_000)
    for needed in (
        "You are an interactive agent.",
        "Find the web fetch tool, then say hello.",
        "[tool ToolSearch]\nResult begins",
        "result ends",
        "A rule.",
    ):
        assert needed in texts.conversation
    assert (texts.answer_a, texts.answer_b) == ("Hello from A.", "Hello from B.")
    assert len(texts.tools.splitlines()) == 13
    assert total(texts) <= 23_500
    assert set(texts.left_out) == ({"newest"} if size > 100_000 else set())
