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


def test_a_parents_name_is_opencodes_alone() -> None:
    forked = {b"x-parent-session-id": b"ses_1"}
    assert kind(headers=forked) == ""
    assert kind(headers=forked | {b"x-session-affinity": b"ses_2"}) == "subagent"
    assert kind(headers=forked | {b"x-opencode-session": b"ses_2"}) == "subagent"


CLAUDE_CODE = "You are Claude Code, Anthropic's official CLI for Claude.\n"
OPENCODE_SUMMARY = (
    "You are a helpful AI assistant tasked with summarizing conversations.\n\nWhen asked to"
    " summarize, focus on information that would be helpful for continuing the conversation."
)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("You are a title generator. You output ONLY a thread title. Nothing else.", "title"),
        (f"x-billing: 1\n{CLAUDE_CODE}Generate a short, sentence-case title.", "title"),
        (("Generate a concise, sentence-case title (3-7 words) that captures the main topic or goal"
         " of this coding session."), "title"),
        ("You are an expert in crafting pithy titles for chatbot conversations.", "title"),
        (("Analyze if this message indicates a new conversation topic. If so, extract a title. Give"
         " JSON with two fields: 'isNewTopic' (boolean) and 'title'."), "topic"),
        (OPENCODE_SUMMARY, "compaction"),
        ("You are an anchored context summarization assistant for coding sessions.", "compaction"),
        ("You are the component that summarizes internal chat history into a structure.",
         "compaction"),
        ("*Briefly* summarize this partial conversation about programming.", "compaction"),
        (("You are an expert software engineer that generates concise, one-line Git commit messages"
         " based on the provided diffs."), "commit_message"),
        ("Your task is to process Bash commands that an AI coding agent wants to run.",
         "permission"),
        ("You are evaluating a hook in Claude Code.", "permission"),
        ("Write a short summary label of what these tool calls did.", "summary"),
        ("You are an assistant for performing a web search tool use", "search_query"),
        ("You are an agent for Claude Code, Anthropic's official CLI for Claude.", "subagent"),
        ("You are a file search specialist for Claude Code, Anthropic's official CLI for Claude.",
         "subagent"),
        ("你是一名擅长会话的助理,你需要将用户的会话总结为 10 个字以内的标题", "title"),
    ],
)  # fmt: skip
def test_a_programs_own_words_say_it(system: str, expected: str) -> None:
    assert kind(said(system)) == expected
    assert kind([{"role": "developer", "content": system}, *TURN]) == expected
    parts = [{"type": "text", "text": system}]
    assert kind([{"role": "system", "content": parts}, *TURN]) == expected


ANSWERED = [*TURN, {"role": "assistant", "content": "Done."}]
ITS_TITLE = (
    "### Task:\nGenerate a concise, 3-5 word title with an emoji.\n<chat_history>\n</chat_history>"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[SUGGESTION MODE: what comes next?]", "suggestion"),
        ("The user stepped away and is coming back. Recap.", "summary"),
        ("<system-reminder>This is a side question.</system-reminder>\nWhy?", "auxiliary"),
        (("\nWeb page content:\n---\nBees\n---\n\nWho keeps them?\n\nProvide a concise response"
         " based only on the content above."), "auxiliary"),
        (("Your task is to create a detailed summary of the conversation so far, paying close"
         " attention to the user's explicit requests and your previous actions."), "compaction"),
        (("Text only, no tools.\n\nYour task is to create a detailed summary of this conversation."
         " It will be placed at the start of a continuing session."), "compaction"),
        (("Create a detailed summary of the RECENT portion of the conversation: what was asked"
         " and your previous actions."), "compaction"),
        ("You are performing a CONTEXT CHECKPOINT COMPACTION.", "compaction"),
        ('<explicit_instructions type="summarize_task">\nSum up.', "compaction"),
        ("Please generate a four to five word title summarizing our conversation.", "title"),
        (ITS_TITLE, "title"),
        ("### Task:\nSuggest 3-5 relevant follow-up questions.", "suggestion"),
        ("### Task:\nGenerate 1-3 broad tags.", "tags"),
        ("使用四到五个字直接返回这句话的主题", "title"),
        ("简要总结一下对话内容,用作后续的上下文提示", "compaction"),
    ],
)  # fmt: skip
def test_what_a_program_puts_last_says_it(text: str, expected: str) -> None:
    assert kind([*ANSWERED, {"role": "user", "content": text}]) == expected
    # Behind a result of a tool, in a part of its own.
    parts = [{"type": "text", "text": "<system-reminder>x</system-reminder>"}]
    both = {"role": "user", "content": [*parts, {"type": "text", "text": text}]}
    assert kind([*ANSWERED, both]) == expected


def test_words_of_many_are_claude_codes_in_its_own_history() -> None:
    ask = {
        "role": "user",
        "content": "Your task is to create a detailed summary of our conversation.",
    }
    assert kind([*said(CLAUDE_CODE), ANSWERED[1], ask]) == "compaction"
    assert kind([*said("You sum up calls."), ANSWERED[1], ask]) == ""
    warm = {"role": "user", "content": "Warmup"}
    assert kind([{"role": "system", "content": CLAUDE_CODE}, warm]) == "quota"
    assert kind([warm]) == ""


def test_a_summarizer_sums_up_its_history_or_what_it_is_sent() -> None:
    """Claude Code and Roo send the history itself; a product sends it as one text."""
    system = "You are a helpful AI assistant tasked with summarizing conversations."
    roo = "Summarize the conversation so far, as described in the prompt instructions."
    assert kind([*said(system), ANSWERED[1], {"role": "user", "content": roo}]) == "compaction"
    assert kind(said(system, "Customer: my parcel is late.\nAgent: I am sorry.")) == ""
    assert kind([*said(system), ANSWERED[1], {"role": "user", "content": "And this call?"}]) == ""


def test_reworded_tasks_of_open_webui_are_known_by_its_header() -> None:
    task = [{"role": "user", "content": "### Task:\nEin Titel.\n<chat_history>\n</chat_history>"}]
    assert kind(task, {b"x-openwebui-chat-id": b"c"}) == "auxiliary"
    assert kind(task) == ""


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


# Products whose trade is what agents do beside their work.
PRODUCTS = (
    "Write a detailed summary of the contract for a lawyer in a hurry.",
    "You are a title generator for blog posts. Titles are short and in sentence-case.",
    "You are a title generator. Write a title for each product of our shop.",
    "You generate informative git commit messages from a diff, in the style of our team.",
    "You write clear, one-line Git commit messages.",
    "Your job is summarizing conversations between agents and customers of a call centre.",
    "Your task is to create a detailed summary of the conversation between caller and agent.",
    "Create a concise title for the conversation with the customer, for our ticket system.",
    "You write a brief title for each chat of our help desk.",
    "Decide whether the message begins a new conversation topic. Answer yes or no.",
    "Your task is to process Bash commands of students and to explain their errors.",
    "You are an assistant for teams that use Claude Code. Answer questions about its setup.",
    "You are evaluating a hook for a song. Is it catchy?",
    "Make a short kebab-case name for each branch.",
    "Write a short summary label for each photograph in the album.",
    "Provide a topic for each newspaper article: sport, politics, culture.",
    "Summarize this partial conversation from a therapy session for the file.",
    "You are a context summarization assistant for court records.",
    "Du fasst Gespräche im Callcenter zusammen und gibst jedem einen Titel.",
    "Tu es un générateur de titres pour les articles d'un blog (title generator).",
    "Eres un asistente que resume conversaciones y crea títulos. Title: una línea.",
    "Você gera mensagens de commit (git commit message) a partir de diffs.",
    "你是呼叫中心的助理,请将以下会话总结为三句话。",
    "请将每个客户的会话总结为一个标题。",
    "コールセンターの会話を要約し、短いタイトル(title)を付けてください。",
    "고객 상담 대화를 요약하고 제목을 붙이세요 (summary, title).",
    "لخص محادثات العملاء واكتب عنوانا لكل منها (title, summary).",
    "Ты кратко пересказываешь разговоры (summary) и придумываешь заголовки (title).",
)
ASKED = (
    "Summarize the following in less than 100 words:\n\nThe parties agree that ...",
    "Summarize what was done in this conversation:\nAgent: I sent the parcel again.",
    "Generate a title for this conversation:\nCustomer: where is my parcel?",
    "Generate a short kebab-case name for this React component.",
    "Your task is to create a detailed summary of this conversation:\nA: hi\nB: hello",
    "Please write a title for this chat with our customer: ...",
    "### Task:\nSum up for the agent.\n<chat_history>\nA: hi\n</chat_history>",
    "Web page content:\n---\nPrices of wool\n---\nWhich is cheapest?",
    "Warmup exercises for a football team of eight-year-olds?",
    "The user stepped away from the till. Write a friendly reminder.",
    "Describe your most recent action as a manager that you are proud of.",
    "简要总结一下对话内容:客户说包裹没有到。",
    "Based on the chat, generate a title of the thread.",
)


@pytest.mark.parametrize("system", PRODUCTS)
def test_a_products_own_work_is_no_side_call(system: str) -> None:
    example = [ANSWERED[1], {"role": "user", "content": "And for this one?"}]
    for messages in (
        said(system),
        [*said(system), *example],
        [{"role": "user", "content": system}],
    ):
        assert kind(messages) == ""
        assert kind(messages, tools=[{"type": "function"}]) == ""


@pytest.mark.parametrize("text", ASKED)
def test_a_products_question_is_no_side_call(text: str) -> None:
    last = {"role": "user", "content": text}
    assert kind([last]) == ""
    assert kind([*ANSWERED, last]) == ""
    assert kind(said(PRODUCTS[5], text)) == ""


def test_one_token_for_a_word_is_a_sign_of_life() -> None:
    quota = [{"role": "user", "content": "quota"}]
    assert kind(quota, max_tokens=1) == "quota"
    assert kind(quota, max_tokens=2) == ""
    # A choice of one token, also of something short, is an answer somebody wants.
    assert kind([{"role": "user", "content": "2+2=5? y/n"}], max_tokens=1) == ""
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
