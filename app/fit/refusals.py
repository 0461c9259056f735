"""What a provider's refusal says of the request: a field, too long, its content, or nothing to us.

The sentences are those that servers are known to answer with. What is not recognised is no lesson:
the caller gets it as it was, and mends it itself.
"""

import re
from collections.abc import Collection, Iterator

from tierwatch.fit.error_body import Said, said_in
from tierwatch.fit.fitted import OF_TOOLS
from tierwatch.fit.lesson import CONTENT, MENDABLE, Lesson
from tierwatch.routing.facts import EFFORTS, UNKNOWN, Facts

# Of these alone a body is read: a wrong key or a limit of speed is nothing of the request's.
_STATUSES = frozenset({400, 404, 413, 422})
_TOO_LARGE = 413
# A model's name that is unknown is said with 404 too; only these make it the request's.
_NOT_FOUND = 404


# Without these a request asks something else, or nothing.
_MEANING = frozenset(
    {
        "model",
        "messages",
        "input",
        "system",
        "instructions",
        "prompt",
        "stream",
        "text",
        "format",
        "modalities",
        "conversation",
        "previous_response_id",
        "anthropic_version",
    }
)
_FEATURES = {
    "tools": "tools",
    "functions": "tools",
    "tool_choice": "forced_tools",
    "response_format": "structured_output",
    "output_format": "structured_output",
    "n": "n",
}
_OF_ANY_TOOL = ("tools", "function", "type", "name", "parameters", "input_schema")
_KINDS_OF_THINKING = {
    "adaptive": Lesson("parameter", "thinking.adaptive", Facts(thinking="enabled")),
    "enabled": Lesson("parameter", "thinking.enabled", Facts(thinking="adaptive")),
    "disabled": Lesson("parameter", "thinking.disabled", Facts(thinking="always")),
}
_NO_THINKING = Lesson("parameter", "thinking", Facts(thinking="none"), frozenset({"thinking"}))

_CONTENT = re.compile(
    r"content_filter|content_policy|responsibleaipolicy|content management policy"
    r"|content filter|content policy|data_inspection_failed|invalid_prompt|prompt was flagged",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"context_length_exceeded|context_window_exceeded|maximum context length|exceed_context_size"
    r"|context (?:length|window|limit|size)|prompt is too long|prompt too long"
    r"|input (?:is )?too long|too many (?:input )?tokens|request_too_large"
    r"|input (?:token count|length|tokens?)[^.]{0,60}exceeds?|exceeds the maximum number of"
    r" (?:input )?tokens|too large for model with",
    re.IGNORECASE,
)
_CONTEXT_TOKENS = re.compile(
    r"(?:maximum context length (?:is|of)|number of (?:input )?tokens allowed \(|tokens\s*>"
    r"|context (?:limit|window|length|size)\D{0,20}?)\s*\(?(\d[\d,_]*)",
    re.IGNORECASE,
)
# Prompt, limit of the answer and context, as Anthropic, OpenAI with vLLM, and newer vLLM say them.
_ROOM = (
    re.compile(r"(?P<prompt>\d+) \+ \d+ > (?P<context>\d+)"),
    re.compile(
        r"context length is (?P<context>\d+) tokens\b.{0,80}?"
        r"(?:\((?P<prompt>\d+) in the messages|has (?P<input>\d+) input tokens)",
        re.IGNORECASE,
    ),
)
# Less room than this is no answer.
_LEAST_ROOM = 256
# "128000 > 64000, which is the maximum allowed number of output tokens", "too large: 32000. This
# model supports at most 16384 completion tokens"; not of the context, which those may name as well.
_OUTPUT_TOKENS = (
    re.compile(r"\d+\s*>\s*(\d+), which is the maximum allowed number of output", re.IGNORECASE),
    re.compile(r"at most (\d[\d,]*) (?:completion|output) tokens", re.IGNORECASE),
    re.compile(
        r"max(?:_completion|_output)?_?tokens\W.{0,60}?(?:less than or equal to|must be <=|<=|"
        r"cannot exceed|can't exceed|should not exceed|at most|range of \[\d+,|between \d+ and)"
        r"\s*`?(\d[\d,]*)",
        re.IGNORECASE,
    ),
    re.compile(r"max_tokens should be \[\d+, ?(\d+)\]", re.IGNORECASE),
)

_SUPPORT = (
    r"(?:not (?:yet )?support|n't support|not supported|unsupported|not available|unavailable"
    r"|not capable|can ?not (?:accept|process|handle)|not (?:a )?(?:multimodal|vision)"
    r"|requires? --enable|missing data required)"
)
# What a model lacks, by the words that name it, in a sentence that says that it is not taken.
_LACKING = (
    ("images", re.compile(r"\bimages?\b|image_url|\bvision\b|multi-?modal", re.IGNORECASE)),
    ("files", re.compile(r"\bpdf\b|\bdocuments?\b|file input|\bfiles? parts?\b", re.IGNORECASE)),
    ("audio", re.compile(r"\baudio\b", re.IGNORECASE)),
    ("prefill", re.compile(r"prefill|must end with a user message", re.IGNORECASE)),
    (
        "tools",
        re.compile(
            r"(?:support|capable of|enable)\W*(?:use of )?(?:tools?\b|tool[ _-](?:use|call)"
            r"|function)|tools? (?:use|calling)|function calling|`?tools`? (?:is|are) not"
            r"|--enable-auto-tool-choice",
            re.IGNORECASE,
        ),
    ),
    (
        "structured_output",
        re.compile(
            r"json_schema|structured output|response_format|output_format|output_config\.format"
            r"|text\.format",
            re.IGNORECASE,
        ),
    ),
)
_SAYS_NO = re.compile(
    _SUPPORT + r"|only supported (?:by|with)|no endpoints? found|format: extra inputs",
    re.IGNORECASE,
)
_NO_PREFILL = re.compile(r"must end with a user message", re.IGNORECASE)

# A field that may not be there, as against one whose value is wrong, which is the caller's to mend.
_NOT_TAKEN = re.compile(
    r"unsupported|not (?:yet )?supported|n't support|not support|unrecognized|unrecognised"
    r"|unknown (?:parameter|field|argument|name|key)|extra inputs? (?:are|is) not|not permitted"
    r"|not allowed|unexpected (?:keyword|field|parameter|argument|key)|extraneous|cannot find field"
    r"|only (?:the default|supported|available)|deprecated|not available|cannot both be"
    r"|extra_forbidden|unknown_parameter|may only be set|too long|additional propert"
    r"|does not match any of the expected tags",
    re.IGNORECASE,
)
# Fields that are taken, and not beside each other: which one is left out of this request.
_BESIDE = (
    (
        re.compile(
            r"temperature\W+(?:may only be set|must be|can only be)\D+1 when", re.IGNORECASE
        ),
        "temperature",
    ),
    (re.compile(r"top_k\W+must be unset when", re.IGNORECASE), "top_k"),
    # Temperature says more than top_p.
    (
        re.compile(
            r"(?:temperature\W+and\W+top_p|top_p\W+and\W+temperature)\W+cannot", re.IGNORECASE
        ),
        "top_p",
    ),
    # A call that is demanded says more than that there may be thoughts before it.
    (re.compile(r"thinking may not be enabled when tool_choice forces", re.IGNORECASE), "thinking"),
)
_NAMES = (
    re.compile(
        r"(?:parameter|value|argument(?: supplied)?|field|name|key|property|input)s?:?\s*"
        r"[\"'`\[]*([a-z][a-z0-9_.\[\]]{1,60})",
        re.IGNORECASE,
    ),
    re.compile(r"^[\"'`]?([a-z][a-z0-9_.\[\]]{1,60})[\"'`]?\s*:", re.IGNORECASE | re.MULTILINE),
    re.compile(r"[\"'`]([a-z][a-z0-9_.\[\]]{1,60})[\"'`]", re.IGNORECASE),
    re.compile(r"\b([a-z]+(?:_[a-z]+)*)\b"),
)
_DEVELOPER = re.compile(r"\bdeveloper\b", re.IGNORECASE)
_ROLE = re.compile(r"\brole|variant|unexpected|one of|unknown|not support", re.IGNORECASE)
_LATE_SYSTEM = re.compile(
    r"messages\.\d+\.role: input should be 'user' or 'assistant'|role 'system' is not supported",
    re.IGNORECASE,
)


def lessons_of(status: int | None, body: str, sent: Collection[str]) -> tuple[Lesson, ...]:
    """What a refusal teaches; nothing where it is for the caller alone.

    Several fields may be refused at once; of anything else there is one lesson.

    Args:
        status: of HTTP.
        body: the provider's words.
        sent: the fields of the request that was refused. No other one is to blame.

    >>> body = '{"error": {"message": "Unrecognized request argument supplied: seed"}}'
    >>> lessons_of(400, body, {"seed", "messages"})[0][:2]
    ('parameter', 'seed')
    >>> lessons_of(400, '{"error": {"code": "context_length_exceeded", "message": ""}}', ())[0].kind
    'context'
    >>> lessons_of(400, '{"error": {"message": "messages: list should not be empty"}}', ())
    ()
    """
    if status not in _STATUSES:
        return ()
    said = said_in(body)
    if any(_CONTENT.search(one.code) or _CONTENT.search(one.message) for one in said):
        return (CONTENT,)
    found = [lesson for one in said if (lesson := _lesson(one, status, sent)) is not None]
    for lesson in found:
        if lesson.kind not in MENDABLE:
            return (lesson,)
    if not found and status == _TOO_LARGE:
        return (Lesson("context", "context"),)
    return tuple(dict.fromkeys(found))


def _lesson(said: Said, status: int, sent: Collection[str]) -> Lesson | None:
    found = _beside(said, sent) or _limit(said) or _too_long(said) or _role(said)
    found = found or _feature(said) or _thinking(said)
    # A model that is not there is said with 404 too, and of no field.
    return found or (None if status == _NOT_FOUND else _field(said, sent))


def _beside(said: Said, sent: Collection[str]) -> Lesson | None:
    for pattern, name in _BESIDE:
        if name in sent and pattern.search(said.message):
            return Lesson("once", name, without=frozenset({name}))
    return None


def _limit(said: Said) -> Lesson | None:
    """The most tokens that a model may be asked to write."""
    if _CONTEXT.search(said.message):
        return None
    for pattern in _OUTPUT_TOKENS:
        found = pattern.search(said.message)
        if found is not None and (most := _number(found[1])):
            return Lesson("parameter", "max_tokens", Facts(output=most))
    return None


def _too_long(said: Said) -> Lesson | None:
    if _CONTEXT.search(said.code) is None and _CONTEXT.search(said.message) is None:
        return None
    room = _room(said.message)
    if room is not None and room >= _LEAST_ROOM:
        return Lesson("once", "max_tokens", Facts(output=room))
    numbers = (_number(one) for one in _CONTEXT_TOKENS.findall(said.message))
    return Lesson("context", "context", Facts(context=max(numbers, default=0) or None))


def _room(text: str) -> int | None:
    """Tokens that an answer may have beside this prompt, where the sentence counts them."""
    for pattern in _ROOM:
        found = pattern.search(text)
        if found is not None:
            counts = found.groupdict()
            return _number(counts["context"]) - _number(counts["prompt"] or counts.get("input", ""))
    return None


def _number(digits: str) -> int:
    plain = digits.replace(",", "").replace("_", "")
    return int(plain) if plain.isdigit() and len(plain) < 10 else 0  # noqa: PLR2004 - tokens


def _role(said: Said) -> Lesson | None:
    if _LATE_SYSTEM.search(said.message):
        return Lesson("parameter", "messages.system", Facts(late_system=False))
    if _DEVELOPER.search(said.message) and _ROLE.search(said.message):
        return Lesson("parameter", "developer", Facts(role="system"))
    return None


def _thinking(said: Said) -> Lesson | None:
    """Thinking and effort, whose kinds and levels are refused one by one."""
    text = f"{said.param} {said.message}".lower()
    if _NOT_TAKEN.search(text) is None:
        return None
    if "thinking" in text and "chat_template" not in text:
        # The sentence may name the type to use after the one that is refused.
        named = re.search(r"\b(?:adaptive|enabled|disabled)\b", text)
        if named is not None:
            return _KINDS_OF_THINKING[named[0]]
        return None if "context_management" in text else _NO_THINKING
    if "effort" in text:
        return Lesson("parameter", "effort", Facts(effort=_levels(text)))
    return None


def _levels(text: str) -> tuple[str, ...]:
    """The levels that a sentence says are supported; none where it lists none."""
    _, _, listed = text.partition("supported values are")
    return tuple(one for one in EFFORTS if re.search(rf"[\"'`]{one}[\"'`]", listed))


def _feature(said: Said) -> Lesson | None:
    for name, words in _LACKING:
        if words.search(said.message) and (
            _SAYS_NO.search(said.message)
            or (name == "prefill" and _NO_PREFILL.search(said.message))
        ):
            return Lesson("feature", name, UNKNOWN.lacking(name))
    return None


def _field(said: Said, sent: Collection[str]) -> Lesson | None:
    if not (_NOT_TAKEN.search(said.message) or _NOT_TAKEN.search(said.code)):
        return None
    for path in _paths(said):
        steps = [step for step in path.lower().split(".") if step and not step.isdigit()]
        if steps and steps[0] in sent:
            found = _of_field(steps[0], steps[-1])
            if found is not None:
                return found
    return None


def _paths(said: Said) -> Iterator[str]:
    if said.param:
        yield said.param
    for pattern in _NAMES:
        for name in pattern.findall(said.message):
            yield name.replace("[", ".").replace("]", "").strip(".")


def _of_field(root: str, last: str) -> Lesson | None:
    if root == "max_tokens":
        return Lesson("parameter", root, Facts(limit="max_completion_tokens"))
    if root == "max_completion_tokens":
        return Lesson("parameter", root, Facts(limit="max_tokens"))
    if root == "tools" and last not in _OF_ANY_TOOL:
        return _left_out(f"{OF_TOOLS}{last}")
    if root in _FEATURES:
        feature = _FEATURES[root]
        return Lesson("feature", feature, UNKNOWN.lacking(feature))
    return None if root in _MEANING else _left_out(root)


def _left_out(name: str) -> Lesson:
    return Lesson("parameter", name, without=frozenset({name}))
