from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.accept.side_calls import agent_of, side_call

TURN = [{"role": "user", "content": "Rename the variable in a.py."}]


def kind(
    messages: list[dict[str, Any]] | None = None,
    headers: dict[bytes, bytes] | None = None,
    **fields: Any,
) -> str:
    request = {"model": "auto", "messages": messages or TURN, **fields}
    return side_call(headers or {}, request, request)


def said(system: str, user: str = "Rename the variable in a.py.") -> list[dict[str, Any]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("x-claude-code-request-class", "main", ""),
        ("x-claude-code-request-class", "compaction", "compaction"),
        ("x-claude-code-request-class", "auxiliary", "auxiliary"),
        ("x-claude-code-request-class", "workflow", "subagent"),
        ("x-claude-code-request-class", "a-class-to-come", "subagent"),
        ("x-claude-code-agent-id", "agent-1", "subagent"),
        ("x-claude-code-auxiliary-type", "memory_save", "memory"),
        ("x-parent-session-id", "ses_1", "subagent"),
        ("x-openai-subagent", "collab_spawn", "subagent"),
        ("x-openai-subagent", "review", "review"),
        ("x-openai-subagent", "compact", "compaction"),
        ("x-openai-memgen-request", "true", "memory"),
        ("x-codex-parent-thread-id", "t", "subagent"),
        ("x-codex-turn-metadata", '{"request_kind":"turn","turn_id":"t"}', ""),
        ("x-codex-turn-metadata", '{"request_kind": "compaction"}', "compaction"),
        ("x-codex-turn-metadata", '{"request_kind": "prewarm"}', "auxiliary"),
        ("x-openai-subagent", " ", ""),
        ("x-codex-turn-metadata", "\xff not JSON", ""),
    ],
)
def test_a_program_says_it_in_a_header(name: str, value: str, expected: str) -> None:
    assert kind(headers={name.encode(): value.encode("latin-1")}) == expected


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("You are a title generator. Only a title, nothing else.", "title"),
        ("x-billing: 1\nYou are an agent.\nGenerate a short, sentence-case title.", "title"),
        ("You know how to craft pithy titles for what people ask.", "title"),
        ("You write a brief title for each chat.", "title"),
        ("Analyze if this message indicates a new conversation topic.", "topic"),
        ("Your job is summarizing conversations.", "compaction"),
        ("You are the part that summarizes internal chat history.", "compaction"),
        ("Briefly summarize this partial conversation about cooking.", "compaction"),
        ("You make short, one-line Git commit messages from diffs.", "commit_message"),
        ("Your task is to process Bash commands.", "permission"),
        ("You are evaluating a hook for Claude Code.", "permission"),
        ("Make a short kebab-case name of three words.", "title"),
        ("Write a short summary label for these calls.", "summary"),
        ("You are here for performing a web search tool use.", "search_query"),
        ("You are an agent for Claude Code, made for looking things up.", "subagent"),
        ("You are a file search specialist for Claude Code.", "subagent"),
        ("你是一名助理,你需要将用户的会话总结为标题", "title"),
    ],
)  # fmt: skip
def test_a_programs_own_words_say_it(system: str, expected: str) -> None:
    assert kind(said(system)) == expected
    assert kind([{"role": "developer", "content": system}, *TURN]) == expected
    parts = [{"type": "text", "text": system}]
    assert kind([{"role": "system", "content": parts}, *TURN]) == expected


ANSWERED = [*TURN, {"role": "assistant", "content": "Done."}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[SUGGESTION MODE: what comes next?]", "suggestion"),
        ("The user stepped away; recap.", "summary"),
        ("<system-reminder>This is a side question.</system-reminder>\nWhy?", "auxiliary"),
        ("Web page content:\n---\nBees\n---\nWho keeps them?", "auxiliary"),
        ("Your task is to create a detailed summary of the conversation so far.", "compaction"),
        ("Text only, no tools.\n\nYour task is to create a detailed summary of this conversation.",
         "compaction"),
        ("You are performing a CONTEXT CHECKPOINT COMPACTION.", "compaction"),
        ('<explicit_instructions type="summarize_task">\nSum up.', "compaction"),
        ("Please generate a four to five word title summarizing our conversation.", "title"),
        ("Generate a title for this conversation:\n", "title"),
        ('### Task:\nA title.\n{ "title": "x" }\n<chat_history>\nhi\n</chat_history>', "title"),
        ('### Task:\nSuggest what follows.\n{ "follow_ups": [] }\n<chat_history>\n</chat_history>',
         "suggestion"),
        ('### Task:\nSome tags.\n{ "tags": [] }\n<chat_history>\n</chat_history>', "tags"),
        ("### Task:\nSomething else.\n<chat_history>\n</chat_history>", "auxiliary"),
        ("使用四到五个字直接返回这句话的主题", "title"),
    ],
)  # fmt: skip
def test_what_a_program_puts_last_says_it(text: str, expected: str) -> None:
    assert kind([*ANSWERED, {"role": "user", "content": text}]) == expected
    # Behind a result of a tool, in a part of its own.
    parts = [{"type": "text", "text": "<system-reminder>x</system-reminder>"}]
    both = {"role": "user", "content": [*parts, {"type": "text", "text": text}]}
    assert kind([*ANSWERED, both]) == expected


@pytest.mark.parametrize(
    "messages",
    [
        TURN,
        ANSWERED,
        said("You are a helpful assistant for a film club; people chat about movie titles."),
        said("You are a coding agent. Summarize what you did at the end."),
        said("Be brief.", "Give me a title for my essay on bees."),
        said("Be brief.", "Write a detailed summary of chapter 3, please."),
        said("Be brief.", "### Task:\nTranslate to German.\n\nGood morning"),
        said("Be brief.", "quota"),
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
    ],
)
def test_what_people_ask_is_a_turn(messages: list[dict[str, Any]]) -> None:
    assert kind(messages) == ""


def test_a_program_with_tools_may_speak_of_titles() -> None:
    system = "You create titles and posters for each chat that people bring."
    assert kind(said(system)) == "title"
    assert kind(said(system), tools=[{"type": "function"}]) == ""


def test_one_token_for_a_word_is_a_sign_of_life() -> None:
    quota = [{"role": "user", "content": "quota"}]
    assert kind(quota, max_tokens=1) == "quota"
    assert kind(quota, max_tokens=2) == ""
    # A choice of one token is an answer somebody wants.
    assert kind(said("Answer yes or no.", "Is it spam?"), max_tokens=1) == ""
    long = [{"role": "user", "content": "Is this review positive? I liked it. Say Y or N:"}]
    assert kind(long, max_tokens=1) == ""


def test_which_of_a_sessions_agents_asks() -> None:
    assert agent_of({}) == ""
    assert agent_of({b"x-claude-code-agent-id": b" a1 "}) == "a1"
    assert agent_of({b"session-id": b"s", b"thread-id": b"t"}) == "t"
    assert agent_of({b"session-id": b"s", b"thread-id": b"s"}) == ""
    assert agent_of({b"thread-id": b"t"}) == ""


parts = st.fixed_dictionaries({"type": st.sampled_from(["text", "x"]), "text": st.text(max_size=9)})


@given(
    content=st.none() | st.text(max_size=60) | st.lists(parts, max_size=3),
    role=st.sampled_from(["user", "system", "assistant", "tool"]),
    value=st.binary(max_size=40),
)
def test_whatever_is_sent_gives_a_word_or_none(content: Any, role: str, value: bytes) -> None:
    headers = {b"x-codex-turn-metadata": value, b"x-openai-subagent": value}
    for given_headers in (headers, {}):
        said = kind([{"role": role, "content": content}], given_headers)
        assert said == "" or said.isidentifier()
