"""What a program asks beside its conversation: a title, its quota, a summary of what went before.

Such calls are served like any other. They are no turn of the conversation they belong to: they must
not decide where it stands, and what they show of a tier is not what its users get. Programs say
what a call is in a header, or it shows in the first words of their own text, in short signs here.
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
    b"x-parent-session-id": "subagent",  # opencode
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
_SPEAKING = frozenset((*_PRESENT, _CLASS, _CODEX_AGENT, _CODEX_TURN))
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
    "[suggestion mode": "suggestion",  # Claude Code
    "warmup": "quota",
    "describe your most recent action": "summary",
    "the user stepped away": "summary",
    "generate a short kebab-case name": "title",
    "<system-reminder>this is a side question": "auxiliary",
    "web page content:\n---": "auxiliary",
    "you are performing a context checkpoint": "compaction",  # Codex
    "create a new anchored summary": "compaction",  # opencode
    "update the anchored summary": "compaction",
    "summarize what was done in this conversation": "summary",
    "summarize the following in less than": "title",
    '<explicit_instructions type="summarize_task"': "compaction",  # Cline
    "analyze *only* the content and structure of your": "next_speaker",  # Gemini CLI, Qwen
    "使用四到五个字直接返回": "title",  # NextChat
    "简要总结一下对话内容": "compaction",
}
_BEGINS = tuple(_BEGINNINGS)
# Open WebUI's are alike but for the word in which the answer is wanted.
_OPEN_WEBUI, _ITS_HISTORY = "### task:", "<chat_history>"
_ITS_ANSWERS = {
    '"title"': "title",
    '"tags"': "tags",
    '"follow_ups"': "suggestion",
    '"queries"': "search_query",
    "emoji": "title",
}
# What a program's system prompt says, lower-case; in the user's turn where it may stand there.
_PHRASES = (
    ("detailed summary of", "compaction"),  # Claude Code, Roo, Kilo
    ("summarizing conversations", "compaction"),  # opencode
    ("context summarization", "compaction"),
    ("summarizes internal chat history", "compaction"),  # Gemini CLI, Qwen
    ("summarize this partial conversation", "compaction"),  # aider
    ("new conversation topic", "topic"),  # Claude Code
    ("this coding conversation in under", "title"),
    ("sentence-case title", "title"),
    ("title generator", "title"),  # opencode
    ("pithy titles", "title"),  # Copilot
    ("line git commit messages", "commit_message"),  # aider
    ("informative git commit message", "commit_message"),  # Cline
    ("process bash commands", "permission"),  # Claude Code
    ("evaluating a hook", "permission"),
    ("short kebab-case name", "title"),
    ("a short summary label", "summary"),
    ("performing a web search tool use", "search_query"),
    ("you are an agent for claude code", "subagent"),
    ("specialist for claude code", "subagent"),
    ("会话总结为", "title"),  # LobeChat
)
# None of the phrases is without one of these.
_HINTS = (
    *("summar", "title", "commit message", "topic", "claude code", "bash commands", "会话总结"),
    *("kebab-case", "web search tool"),
)
# A title for what both are in: a program's words, in its system prompt or in the user's turn.
_TITLE = re.compile(
    r"\b(?:generat|writ|creat|provid|suggest|repl)\w*\b[^.\n]{0,80}\btitles?\b[^.\n]{0,60}"
    r"\b(?:conversation|chat|coding session|thread)\b"
)
_USER_TITLE = re.compile(r"(?:based on|please|generate|write|create|provide|suggest|give)\b")
# A program's own text comes first; its billing line and who it is may stand before.
_SYSTEM_HEAD, _USER_HEAD = 700, 500
_PING_TEXT = 16


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
    return _in_system(messages, chat) or _in_last_turn(messages)


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
    turn = _CODEX_KIND.search(headers.get(_CODEX_TURN, b"").decode("utf-8", "replace"))
    return "" if turn is None else _CODEX_KINDS.get(turn[1], "auxiliary")


def _is_ping(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a request of one token asks for a sign of life; others ask for a choice."""
    return len(messages) == 1 and len(message_text(messages[0])) <= _PING_TEXT


def _in_system(messages: Sequence[Mapping[str, Any]], chat: Mapping[str, Any]) -> str:
    if not messages or role_of(messages[0]) not in {"system", "developer"}:
        return ""
    head = message_text(messages[0])[:_SYSTEM_HEAD].lower()
    for hint in _HINTS:
        if hint in head:
            break
    else:
        return ""
    said = _phrase_in(head)
    if said or chat.get("tools"):
        return said
    return "title" if _TITLE.search(head) else ""


def _in_last_turn(messages: Sequence[Mapping[str, Any]]) -> str:
    last = messages[-1] if messages else {}
    if role_of(last) != "user":
        return ""
    head = _last_text(last)[:_USER_HEAD].lower().lstrip()
    if head.startswith(_BEGINS):
        return next(kind for begins, kind in _BEGINNINGS.items() if head.startswith(begins))
    if head.startswith(_OPEN_WEBUI) and _ITS_HISTORY in (whole := message_text(last)):
        lowered = whole.lower()
        return next((kind for word, kind in _ITS_ANSWERS.items() if word in lowered), "auxiliary")
    if "detailed summary of" in head and "conversation" in head and len(messages) > 1:
        return "compaction"
    if "title" in head and _USER_TITLE.match(head) and _TITLE.search(head):
        return "title"
    return ""


def _phrase_in(head: str) -> str:
    return next((kind for phrase, kind in _PHRASES if phrase in head), "")


def _last_text(message: Mapping[str, Any]) -> str:
    """The last text part: what a program adds to a turn comes last."""
    content = message.get("content")
    if isinstance(content, list):
        return next((text for part in reversed(content) if (text := part_text(part))), "")
    return content if isinstance(content, str) else ""
