"""The form between the wires: what was asked and what was answered, as immutable typed values.

A wire is read into these values and written from them, so each wire knows this form and none knows
another. What every wire can say has a field of its own; what one wire alone has is kept as it was
said, in `Extras`, with the name of its wire: that wire writes it again, another one takes what it
knows under the same name and leaves the rest. The JSON inside `Extras` is the caller's own and is
never changed.

What is made once a request is a tuple, built in less than half of a frozen dataclass's time. What
stands in lists of several kinds is a dataclass, since tuples of two kinds may be equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from tierwatch.wire.usage import Usage

# The names of the wires, as configuration says them.
OPENAI = "openai"
ANTHROPIC = "anthropic"
RESPONSES = "responses"

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Extras:
    """What was said beyond the typed fields, and on which wire."""

    wire: str
    fields: Mapping[str, Any] = field(default_factory=lambda: _NONE)

    def on(self, wire: str) -> Mapping[str, Any]:
        """The fields, where they were said on this wire; none of another one's."""
        return self.fields if self.wire == wire else _NONE


@dataclass(frozen=True, slots=True)
class Data:
    """Media sent along: base64 text, and what it is (``image/png``)."""

    media_type: str
    base64: str


@dataclass(frozen=True, slots=True)
class Url:
    """Media that the provider fetches."""

    url: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Media that the provider keeps already."""

    file_id: str


@dataclass(frozen=True, slots=True)
class PlainText:
    """A document that is text."""

    text: str


Source = Data | Url | Stored | PlainText


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str
    extras: Extras


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a file or a piece of audio.

    Attributes:
        kind: what it is.
        source: where it is.
        name: of the file, or None.
        extras: what else was said of it.
    """

    kind: Literal["image", "file", "audio"]
    source: Source
    name: str | None
    extras: Extras


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks its caller to run a tool.

    Attributes:
        id: that the result names.
        name: of the tool.
        arguments: as the model wrote them: JSON for a function, free text for a custom tool, and
            in either case perhaps broken.
        extras: what else was said of it, signatures and name spaces among others.
        kind: ``function``, ``custom``, or another wire's word.
    """

    id: str
    name: str
    arguments: str
    extras: Extras
    kind: str = "function"


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What a model thought before it answered. Only who wrote it takes it back.

    Attributes:
        text: its words or their summary, where they may be seen.
        signature: that vouches for the words.
        encrypted: the thought itself, where only its provider can read it.
        extras: what else was said of it.
    """

    text: str
    extras: Extras
    signature: str | None = None
    encrypted: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """The model's own words for not answering, where they are told apart from an answer."""

    text: str
    extras: Extras


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part that has no typed form, kept as it was said.

    Attributes:
        wire: on which it was said.
        said: what it is.
        for_issuer: whether it says something to its own provider alone: other wires leave it out.
    """

    wire: str
    said: Mapping[str, Any]
    for_issuer: bool = False

    @property
    def kind(self) -> str:
        """Its type in its wire's words; empty where it has none."""
        kind = self.said.get("type")
        return kind if isinstance(kind, str) else ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back.

    Attributes:
        call_id: of the call that it answers.
        parts: what the tool said or showed.
        plain: whether that was one string and not a list of parts.
        extras: what else was said of it, that it failed among others.
    """

    call_id: str
    parts: tuple["Part", ...]
    plain: bool
    extras: Extras


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is quoted from somewhere: a document in passages, a hit of a search, a tool by name.

    Attributes:
        title: of what is quoted, or None.
        parts: the passages.
        said: the part in its wire's words, whole.
    """

    title: str | None
    parts: tuple["Part", ...]
    said: Extras


Part = Text | Media | ToolCall | ToolResult | Reasoning | Declined | Quoted | Unknown


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation.

    Attributes:
        role: ``system | developer | user | assistant | tool``, or a word of the caller's own.
        parts: in order.
        plain: whether its text was one string and not a list of parts.
        extras: what else was said of it.
    """

    role: str
    parts: tuple[Part, ...]
    plain: bool
    extras: Extras


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the caller runs.

    Attributes:
        name: that a call names.
        description: for the model, or None.
        parameters: JSON schema of its arguments, or None.
        extras: what else was said of it.
        kind: ``function`` or ``custom`` (free text in).
    """

    name: str
    description: str | None
    parameters: Mapping[str, Any] | None
    extras: Extras
    kind: str = "function"


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which tools may or must be called.

    Attributes:
        mode: ``tool`` is the named one; None is for the provider to choose.
        name: of the tool that must be called.
        allowed: names of the only tools that may be called; None for all.
        said: the choice in its wire's words.
    """

    mode: Literal["auto", "required", "none", "tool"] | None
    name: str
    allowed: frozenset[str] | None
    said: Extras


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """JSON that was asked for; with a schema, JSON that is valid under it."""

    schema: Mapping[str, Any] | None
    extras: Extras


class Sampling(NamedTuple):
    """How the answer is drawn. A number is as the caller gave it: the provider is the judge of it.

    Attributes:
        max_tokens: that may be written.
        temperature: of the draw.
        top_p: share of the likeliest tokens that are drawn from.
        stop: sequences that end the answer.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()


class ChatRequest(NamedTuple):
    """What a caller asks.

    Attributes:
        model: by name; empty where none was named.
        turns: the conversation, oldest first.
        extras: what else was said.
        instructions: that stand before the conversation, where a wire has such a place.
        tools: that may be called; those the provider runs itself are `Unknown`.
        tool_choice: None where nothing was said.
        parallel_calls: whether one answer may call several tools; None where nothing was said.
        sampling: how the answer is drawn.
        answer_format: None for words.
        stream: whether the answer is wanted piece by piece; None where nothing was said.
        user: whom the caller asks for.
        service_tier: what the provider may charge for speed; None where nothing was said.
    """

    model: str
    turns: tuple[Turn, ...]
    extras: Extras
    instructions: Turn | None = None
    tools: tuple[Tool | Unknown, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_calls: bool | None = None
    sampling: Sampling = Sampling()
    answer_format: AnswerFormat | None = None
    stream: bool | None = None
    user: str | None = None
    service_tier: Literal["auto", "standard"] | None = None


class ChatAnswer(NamedTuple):
    """What a model answered.

    Attributes:
        id: the provider's.
        model: that answered, as the provider names it.
        created: epoch seconds.
        turn: the answer as the next turn of the conversation.
        finish_reason: ``stop | length | tool_calls | content_filter``, or a word of the provider's
            own; None where none was given.
        usage: tokens it took.
        extras: what else was said, the wire's own words for the reason and the usage among others.
        logprobs: of its tokens, or None.
        stopped_at: the caller's sequence that ended it, where that was said.
    """

    id: str
    model: str
    created: int
    turn: Turn
    finish_reason: str | None
    usage: Usage
    extras: Extras
    logprobs: Mapping[str, Any] | None = None
    stopped_at: str | None = None
