"""What a program asks beside its conversation: a title, its quota, a summary of what went before.

Such calls are served like any other. They are no turn of the conversation they belong to: they must
not decide where it stands, and what they show of a tier is not what its users get. Programs say
what a call is in a header, or in a sentence that is theirs alone.

What is taken for a side call is in no evidence. A product that makes titles, sums calls up or
writes commit messages would be out of it with all of its traffic, so no sign here is a word of a
trade: each is a sentence of one known client, or has that client's name, header, form of answer or
history beside it. A side call that is not known is one turn too many, which does less harm.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.gateway.asked import Headers
from tierwatch.routing.content import message_text, part_text, role_of

_AGENT = b"x-claude-code-agent-id"
_CLASS = b"x-claude-code-request-class"
_CODEX_AGENT = b"x-openai-subagent"
_CODEX_TURN = b"x-codex-turn-metadata"
# Headers that say it by being there.
_PRESENT = {
    _AGENT: "subagent",
    b"x-claude-code-auxiliary-type": "memory",
    b"x-codex-parent-thread-id": "subagent",
    b"x-openai-memgen-request": "memory",  # Codex
}
# Headers that say it by what stands in them; other words are taken as `subagent`.
_CLASSES = {
    b"main": "",
    b"workflow": "subagent",
    b"compaction": "compaction",
    b"auxiliary": "auxiliary",
    b"side_reply": "auxiliary",
    b"compact": "compaction",
    b"memory_consolidation": "memory",
    b"review": "review",
}
# opencode's; others may say by it where a conversation was forked.
_PARENT, _OPENCODE = b"x-parent-session-id", (b"x-session-affinity", b"x-opencode-session")
_SPEAKING = frozenset((*_PRESENT, _CLASS, _CODEX_AGENT, _CODEX_TURN, _PARENT))
_CODEX_KIND = re.compile(r'"request_kind"\s*:\s*"([a-z_]{1,30})"')
_CODEX_KINDS = {
    "turn": "",
    "compaction": "compaction",
    "compact": "compaction",
    "memory": "memory",
    "memories": "memory",
    "review": "review",
}

# How a program's request in the user's turn begins, lower-case.
_BEGINNINGS = {
    "[suggestion mode:": "suggestion",  # Claude Code
    "describe your most recent action in 3-5 words": "summary",
    "the user stepped away and is coming back": "summary",
    "generate a short kebab-case name (2-4 words)": "title",
    "<system-reminder>this is a side question": "auxiliary",
    "you are performing a context checkpoint compaction": "compaction",  # Codex
    "create a new anchored summary from the conversation": "compaction",  # opencode
    "update the anchored summary below": "compaction",
    "summarize what was done in this conversation. write like a pull request": "summary",
    '<explicit_instructions type="summarize_task"': "compaction",  # Cline
    "analyze *only* the content and structure of your immediately": "next_speaker",  # Gemini CLI
    "使用四到五个字直接返回这句话的": "title",  # NextChat
    "please generate a four to five word title summarizing our conversation": "title",
    "generate a concise 3-7 word title for this conversation, omitting": "title",  # Zed
    "provide a concise, 5-word-or-less title for the conversation, using": "title",  # LibreChat
    "please generate a concise, 5-word-or-less title for the conversation": "title",
    "based on the chat history, give this conversation a name": "title",  # Chatbox
    # Open WebUI
    "### task:\ngenerate a concise, 3-5 word title": "title",
    "### task:\ngenerate 1-3 broad tags": "tags",
    "### task:\nsuggest 3-5 relevant follow-up": "suggestion",
    "### task:\nanalyze the chat history to determine the necessity": "search_query",
    "### task:\nyou are an autocompletion system": "suggestion",
    "your task is to reflect the speaker's likely facial expression": "title",
}
_BEGINS = tuple(_BEGINNINGS)
# NextChat's; the words before the comma are what anybody asks.
_NEXTCHAT = re.compile("简要总结一下对话内容.用作后续的上下文提示")
# Open WebUI's where its tasks were reworded: its header says whose they are.
_OPEN_WEBUI, _ITS_TASK, _ITS_HISTORY = b"x-openwebui-chat-id", "### task:", "<chat_history>"
# A page that Claude Code fetched: how it begins and what stands behind it.
_PAGE, _OF_THE_PAGE = "web page content:\n---", "provide a concise response based "
_WARMUP = "warmup"
# How all of these begin: a look tells most turns apart. A summary is asked for anywhere.
_START = 4
_STARTS = frozenset(
    text[:_START] for text in (*_BEGINS, _PAGE, _ITS_TASK, _WARMUP, _NEXTCHAT.pattern)
)
_A_SUMMARY = "summary of"
# Claude Code's and, in the system prompt, Roo's and Kilo's.
_SUMMARY = re.compile(
    r"create a detailed summary of (?:the|this|our)\b[^.,\n]{0,30}\bconversation\b"
)
_OF_ITSELF = ("your previous actions", "continuing session")
# Sentences of programs' system prompts, lower-case, with what stands near them, one of it.
_SENTENCES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("sentence-case title", ("this coding session", "claude code, anthropic"), "title"),
    ("summarize this coding conversation in under", (), "title"),  # Claude Code, early
    ("indicates a new conversation topic", ("isnewtopic", "claude code"), "topic"),
    ("process bash commands that an ai coding agent", (), "permission"),
    ("evaluating a hook", ("claude code",), "permission"),
    ("short kebab-case name", ("main topic of this conversation",), "title"),
    ("write a short summary label", ("tool calls",), "summary"),
    ("you are an assistant for performing a web search tool use", (), "search_query"),
    ("you are an agent for claude code, anthropic", (), "subagent"),
    ("specialist for claude code, anthropic", (), "subagent"),
    ("you output only a thread title", (), "title"),  # opencode
    ("anchored context summarization assistant", (), "compaction"),
    ("you are a context summarization assistant", ("ai coding assistant",), "compaction"),  # pi
    ("summary of the conversation so far", _OF_ITSELF, "compaction"),
    ("component that summarizes internal chat history", (), "compaction"),  # Gemini CLI, Qwen
    ("distilling chat history into a structured xml", (), "compaction"),
    ("summarize this partial conversation about programming", (), "compaction"),  # aider
    ("one-line git commit messages based on the provided diffs", (), "commit_message"),
    ("informative git commit messages based on git diffs", (), "commit_message"),  # Cline
    ("expert in crafting pithy titles for chatbot", (), "title"),  # Copilot
    ("expert in crafting ultra-compact titles for chatbot", (), "title"),
    ("擅长会话的助理", ("会话总结为",), "title"),  # LobeChat
    ("you are a professional conversation summarizer. generate a concise title", (), "title"),
)
# What summaries of Claude Code, opencode and Roo begin with, and others who make summaries.
_SUMMARIZER = "you are a helpful ai assistant tasked with summarizing conversations"
_GOES_ON = "continuing the conversation"
# None of the sentences is without one of these.
_HINTS = (
    *("summar", "title", "commit message", "topic", "claude code", "bash commands", "会话总结"),
    *("kebab-case", "web search tool", "chat history"),
)
_CLAUDES_NAMES = ("claude code, anthropic's official cli", "anthropic's claude agent sdk")
# A program's own text comes first; its billing line and who it is may stand before.
_HEAD = 700
# A system prompt and a first turn: no history.
_TWO = 2
_PINGS = frozenset(("quota", "count", "test", "hi", "hello", "ping", "foo", "warmup", "."))


def side_call(headers: Headers, request: Mapping[str, Any], chat: Mapping[str, Any]) -> str:
    """What kind of side call a request is; empty for a turn of a conversation.

    Args:
        headers: of the request.
        request: its body, on the caller's wire.
        chat: the same in OpenAI's dictionaries.
    """
    if not _SPEAKING.isdisjoint(headers):
        said = _in_headers(headers)
        if said:
            return said
    messages = chat["messages"]
    if request.get("max_tokens") == 1 and _is_ping(messages):
        return "quota"
    return _in_system(messages) or _in_last_turn(messages, headers)


def agent_of(headers: Headers) -> str:
    """Which of a session's agents asks; empty for the one that speaks with the user.

    >>> agent_of({b"session-id": b"a", b"thread-id": b"b"}), agent_of({b"thread-id": b"b"})
    ('b', '')
    """
    agent = headers.get(_AGENT, b"")
    if not agent and b"thread-id" in headers:  # Codex: both are one where a person speaks
        thread = headers[b"thread-id"]
        agent = thread if headers.get(b"session-id", thread) != thread else b""
    return agent.decode("utf-8", "replace").strip()


def _in_headers(headers: Headers) -> str:
    for name in (_CLASS, _CODEX_AGENT):
        word = headers.get(name, b"").strip()
        if word and (kind := _CLASSES.get(word, "subagent")):
            return kind
    for name, kind in _PRESENT.items():
        if name in headers:
            return kind
    if _PARENT in headers and any(name in headers for name in _OPENCODE):
        return "subagent"
    turn = _CODEX_KIND.search(headers.get(_CODEX_TURN, b"").decode("utf-8", "replace"))
    return "" if turn is None else _CODEX_KINDS.get(turn[1], "auxiliary")


def _is_ping(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a request of one token asks for a sign of life; others ask for a choice."""
    return len(messages) == 1 and message_text(messages[0]).strip().lower() in _PINGS


def _in_system(messages: Sequence[Mapping[str, Any]]) -> str:
    head = _system_head(messages)
    if not head:
        return ""
    for hint in _HINTS:
        if hint in head:
            break
    else:
        return ""
    if _SUMMARIZER in head:
        return "compaction" if _GOES_ON in head or _asks_to_sum_up(messages) else ""
    for sentence, near, kind in _SENTENCES:
        if sentence in head and (not near or any(words in head for words in near)):
            return kind
    return ""


def _in_last_turn(messages: Sequence[Mapping[str, Any]], headers: Headers) -> str:
    last = messages[-1] if messages else {}
    if role_of(last) != "user":
        return ""
    text = _last_text(last)
    head = text[:_HEAD].lower().lstrip()
    if head[:_START] not in _STARTS and _A_SUMMARY not in head:
        return ""
    if head.startswith(_BEGINS):
        return next(kind for begins, kind in _BEGINNINGS.items() if head.startswith(begins))
    if head.startswith(_PAGE):
        return "auxiliary" if _OF_THE_PAGE in text[-2 * _HEAD :].lower() else ""
    if head.startswith(_ITS_TASK):
        return "auxiliary" if _OPEN_WEBUI in headers and _ITS_HISTORY in text else ""
    return _in_a_long_one(messages, head)


def _in_a_long_one(messages: Sequence[Mapping[str, Any]], head: str) -> str:
    """What a last turn asks of its own conversation, in words that others use of other ones."""
    if _A_SUMMARY in head and len(messages) > 1 and _SUMMARY.search(head):
        its_own = any(words in head for words in _OF_ITSELF) or _is_claude_codes(messages)
        return "compaction" if its_own else ""
    if head.strip() == _WARMUP:
        return "quota" if _is_claude_codes(messages) else ""
    return "compaction" if _NEXTCHAT.match(head) else ""


def _asks_to_sum_up(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what is to be summed up is the history, and no text that somebody sent."""
    last = messages[-1]
    if len(messages) <= _TWO or role_of(last) != "user":
        return False
    head = _last_text(last)[:_HEAD].lower()
    return "conversation so far" in head or _SUMMARY.search(head) is not None


def _is_claude_codes(messages: Sequence[Mapping[str, Any]]) -> bool:
    head = _system_head(messages)
    return any(name in head for name in _CLAUDES_NAMES)


def _system_head(messages: Sequence[Mapping[str, Any]]) -> str:
    if not messages or role_of(messages[0]) not in {"system", "developer"}:
        return ""
    return message_text(messages[0])[:_HEAD].lower()


def _last_text(message: Mapping[str, Any]) -> str:
    """The last text part: what a program adds to a turn comes last."""
    content = message.get("content")
    if isinstance(content, list):
        return next((text for part in reversed(content) if (text := part_text(part))), "")
    return content if isinstance(content, str) else ""
