"""What a person wrote in a message, apart from what their program wrote around it.

Agents and editors put their own text into the user's turn: reminders, the state of the workspace,
the open file, output of commands. It is most of the message and the same in each, so whoever asks
what a request is about has to leave it out. The blocks stand before and behind the person's text,
in tags that each program has names of its own for; `_BLOCKS_OF` lists them.

Read at the two ends only: material in the middle, which may be a book or a page full of tags, is
the person's and is not searched.
"""

import re
from collections.abc import Mapping
from typing import Any

from tierwatch.routing.content import part_text

# Tags that programs write, by program. A tag that people write too (document, context,
# instructions, code) is none of these.
_BLOCKS_OF = {
    "Claude Code, and what is built as it is": """system-reminder system_reminder command-name
        command-message local-command-caveat local-command-stdout local-command-stderr bash-stdout
        bash-stderr ide_opened_file ide_selection ide_diagnostics new-diagnostics
        session-start-hook user-prompt-submit-hook post-tool-use-hook task-notification""",
    "Codex": """environment_context user_instructions INSTRUCTIONS permissions skills_instructions
        apps_instructions plugins_instructions collaboration_mode turn_aborted
        subagent_notification user_shell_command model_switch personality_spec""",
    "Cline, Roo, Kilo": """environment_details explicit_instructions final_file_content
        workspace_diagnostics""",
    "Cursor, Windsurf": """additional_data attached_files open_and_recently_viewed_files user_info
        project_layout git_status always_applied_workspace_rules agent_requestable_workspace_rules
        additional_metadata cursor_context manually_attached_skills agent_transcripts""",
    "Copilot": """environment_info workspace_info editorContext reminderInstructions repoContext
        conversation-summary""",
    "Gemini CLI, goose": "session_context info-msg",
}
_BLOCKS = frozenset(name for names in _BLOCKS_OF.values() for name in names.split())
# What a person wrote stands in these, whatever stands around them.
_QUOTES = ("user_query", "userRequest", "user_request")
# As above, where the program's blocks stand around them; people write such tags too.
_QUOTES_AMONG_BLOCKS = ("task", "user_message", "feedback", "command-args", "prompt")
# Whole texts of a program, by their beginning.
_OWN_TEXTS = (
    "# AGENTS.md instructions",
    "Caveat: The messages below were generated",
    "This session is being continued from a previous conversation",
    "Another language model started to solve this problem",
    "[Request interrupted by user",
    "Base directory for this skill:",
    "[TASK RESUMPTION]",
    "Tool loaded.",
    "This is the Gemini CLI. We are setting up the context",
)
# An editor's context, and the line behind which the person's request stands.
_CONTEXT, _REQUEST = "# Context from my IDE", "## My request for Codex:"
# How all of these begin: a look tells most texts apart.
_START = 4
_STARTS = frozenset(text[:_START] for text in (*_OWN_TEXTS, _CONTEXT))
_OPENING = re.compile(r"<([A-Za-z][\w-]{1,40})(?:\s[^<>]{0,200})?>")
# A block's name, where another part of the message is plain text: people's tags are single words.
_COMPOUND = re.compile(r"[A-Za-z][a-z0-9]*(?:[_-][A-Za-z0-9]+)+")
# More blocks than any program writes; a text made of a million costs no more.
_MOST_BLOCKS = 64


def human_text(message: Any) -> str:
    r"""What a person wrote in a message of theirs; empty where all is their program's.

    Never raises: content of no known form has no text.

    >>> human_text({"content": "<system-reminder>Be brief.</system-reminder>\nhi"})
    'hi'
    >>> human_text({"content": "Fix <b>this</b>"}), human_text({"content": "[Request interrupted"
    ... " by user]"})
    ('Fix <b>this</b>', '')
    """
    # A dictionary is asked for first: an abstract class alone takes three times as long.
    content = message.get("content") if isinstance(message, (dict, Mapping)) else None
    if isinstance(content, str):
        return written_by_person(content)
    if not isinstance(content, list):
        return ""
    texts = [text for text in map(part_text, content) if text]
    if len(texts) == 1:
        return written_by_person(texts[0])
    if not texts:
        return ""
    kept = [text for text in map(written_by_person, texts) if text]
    free = [text for text in kept if not _is_compound_block(text)]
    return "\n".join(free or kept)


def written_by_person(text: str) -> str:
    """The same of one text."""
    if "<" in text:
        bare = _without_blocks(text)
        if not bare:
            return ""
        for tag in _QUOTES if len(bare) == len(text) else (*_QUOTES, *_QUOTES_AMONG_BLOCKS):
            quoted = _inside(bare, tag)
            if quoted:
                return quoted
        text = bare
    if text[:_START] not in _STARTS:
        return text
    if text.startswith(_OWN_TEXTS):
        return ""
    if text.startswith(_CONTEXT) and _REQUEST in text:
        return text.rpartition(_REQUEST)[2].strip()
    return text


def _without_blocks(text: str) -> str:
    """The text without the program's blocks at its ends."""
    whole, bare = text, text.strip()
    for _ in range(_MOST_BLOCKS):
        shorter = _behind_first_block(bare)
        shorter = _before_last_block(bare) if shorter is None else shorter
        if shorter is None:
            break
        text = bare = shorter.strip()
        if not bare:
            break
    return whole if text is whole else text


def _behind_first_block(text: str) -> str | None:
    opening = _OPENING.match(text)
    if opening is None or opening[1] not in _BLOCKS:
        return None
    closing = f"</{opening[1]}>"
    end = text.find(closing, opening.end())
    return None if end < 0 else text[end + len(closing) :]


def _before_last_block(text: str) -> str | None:
    if not text.endswith(">"):
        return None
    start = text.rfind("</")
    name = text[start + 2 : -1]
    if start < 0 or name not in _BLOCKS:
        return None
    begin = text.rfind(f"<{name}", 0, start)
    return None if begin < 0 else text[:begin]


def _inside(text: str, tag: str) -> str:
    start = text.find(f"<{tag}>")
    end = text.rfind(f"</{tag}>")
    return text[start + len(tag) + 2 : end].strip() if 0 <= start < end else ""


def _is_compound_block(text: str) -> bool:
    """Whether a text is one block whose tag has a name of several words."""
    opening = _OPENING.match(text.strip())
    return (
        opening is not None
        and _COMPOUND.fullmatch(opening[1]) is not None
        and text.rstrip().endswith(f"</{opening[1]}>")
    )
