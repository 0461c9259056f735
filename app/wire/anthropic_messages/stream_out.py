"""Chunks as a caller's stream on Anthropic's wire."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.answers.call_pieces import CallPieces
from tierwatch.wire.answers.finish_words import said_reason, stopped_at
from tierwatch.wire.anthropic_messages.errors import ERROR_EVENT, write_error
from tierwatch.wire.anthropic_messages.replies import ended, our_thinking, thinks
from tierwatch.wire.anthropic_messages.usage import write_usage
from tierwatch.wire.fault import read_error_chunk
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.history.carried import OUR_SIGNATURE, signature_of, signed_id
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.usage import Usage, usage_elsewhere

_THINKING = "thinking"


class StreamOut:
    """Turns chunks into the named events of a Messages stream.

    Anthropic's blocks follow one another, OpenAI's tool calls may interleave: the block that is
    open streams through, and what belongs to another one is held and sent whole by ``finish``.
    Call ``finish`` once after ``[DONE]``; for a stream that was cut, do not call it.
    """

    __slots__ = (
        "_begun",
        "_blank",
        "_blocks",
        "_called",
        "_failed",
        "_held",
        "_late",
        "_open",
        "_pieces",
        "_reason",
        "_stopped_at",
        "_thinks",
        "_usage",
    )

    def __init__(self, *, include_usage: bool = True, to: AnswerTo = NOBODY) -> None:  # noqa: ARG002 - these streams always count, and say nothing of their reader
        self._thinks = thinks(to.request)
        self._begun = False
        self._usage = StreamAnswer(most=0)  # of the chunks that count, and nothing else
        self._reason: str | None = None
        self._stopped_at: str | None = None
        self._called = False
        self._pieces = CallPieces()
        self._blank = ""
        self._blocks = 0
        self._open: int | str | None = None  # "text", the index of a tool call, or nothing
        self._held: dict[int, dict[str, Any]] = {}
        self._late: list[str] = []
        self._failed = False

    @property
    def begun(self) -> dict[str, Any]:
        """Nothing: an error stands for itself here."""
        return {}

    def feed(self, chunk: object) -> list[tuple[str, dict[str, Any]]]:
        """Take one chunk and return ``(event name, payload)`` pairs; nothing after an error."""
        if self._failed or not isinstance(chunk, dict):
            return []
        if chunk.get("error"):
            self._failed = True
            return [(ERROR_EVENT, write_error(read_error_chunk(chunk)))]
        events = [] if self._begun else [self._message_start(chunk)]
        self._begun = True
        if chunk.get("usage"):
            self._usage.feed({"usage": chunk["usage"]})
        for choice in objects(chunk.get("choices")):
            if choice.get("index", 0) != 0:
                continue
            if choice.get("finish_reason"):
                self._stopped(choice, chunk)
            events += self._said(mapping(choice.get("delta")), chunk)
        return events

    def _said(
        self, delta: Mapping[str, Any], chunk: Mapping[str, Any]
    ) -> list[tuple[str, dict[str, Any]]]:
        events = self._thought(delta) if self._thinks else []
        for text in (delta.get("content"), delta.get("refusal")):
            if isinstance(text, str) and text:
                events += self._text(text)
        for call in objects(delta.get("tool_calls")):
            events += self._call(self._pieces.settled(call, chunk))
        return events

    def _stopped(self, choice: Mapping[str, Any], chunk: Mapping[str, Any]) -> None:
        self._reason = said_reason(choice["finish_reason"]) or self._reason
        self._stopped_at = stopped_at(choice) or self._stopped_at
        if (usage := usage_elsewhere(choice, chunk)) is not None:
            self._usage.feed({"usage": usage})

    def finish(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what is left: held blocks, the stop reason with the usage, the end."""
        if self._failed:
            return []
        events = [] if self._begun else [self._message_start({})]
        events += self._close()
        for call in self._held.values():
            events += [*self._open_call(call), *self._close()]
        if self._late:
            text, self._late = "".join(self._late), []
            events += [*self._text(text), *self._close()]
        elif self._blank and not self._called:  # all that was said
            opening = self._start_block("text", {"type": "text", "text": ""})
            said = self._delta({"type": "text_delta", "text": self._blank})
            events += [opening, said, *self._close()]
        delta = ended(self._reason or "stop", called=self._called, at=self._stopped_at)
        usage = write_usage(self._usage.usage)
        events.append(("message_delta", {"type": "message_delta", "delta": delta, "usage": usage}))
        events.append(("message_stop", {"type": "message_stop"}))
        return events

    def _message_start(self, chunk: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        message: dict[str, Any] = {
            "id": str(chunk.get("id") or ""),
            "type": "message",
            "role": "assistant",
            "model": str(chunk.get("model") or ""),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_usage(Usage()),
        }
        return "message_start", {"type": "message_start", "message": message}

    def _thought(self, delta: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """What a model of another wire's thinks, before it says anything."""
        text = string(delta.get("reasoning_content")) or string(delta.get("reasoning"))
        if not text or self._open not in (None, _THINKING) or (self._open is None and self._blocks):
            return []
        begins = [] if self._open else [self._start_block(_THINKING, our_thinking(""))]
        return [*begins, self._delta({"type": "thinking_delta", "thinking": text})]

    def _text(self, text: str) -> list[tuple[str, dict[str, Any]]]:
        if isinstance(self._open, int):
            self._late.append(text)
            return []
        ended = self._close() if self._open == _THINKING else []
        if self._open is None:
            # Blank text beside calls comes back with the history, and is refused there.
            if text.isspace():
                self._blank += text
                return ended
            text, self._blank = self._blank + text, ""
        opening = [] if self._open else [self._start_block("text", {"type": "text", "text": ""})]
        return [*ended, *opening, self._delta({"type": "text_delta", "text": text})]

    def _call(self, piece: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        index, function = piece["index"], mapping(piece.get("function"))
        arguments = string(function.get("arguments"))
        self._called = True
        if index == self._open:
            delta = {"type": "input_json_delta", "partial_json": arguments}
            return [self._delta(delta)] if arguments else []
        call = self._held.get(index)
        if call is not None:
            call["pieces"].append(arguments)
            return []
        call_id = signed_id(string(piece.get("id")), signature_of(piece))
        begins = {"index": index, "id": call_id, "name": string(function.get("name"))}
        if isinstance(self._open, int):  # another one may still go on
            self._held[index] = {**begins, "pieces": [arguments]}
            return []
        return [*self._close(), *self._open_call({**begins, "pieces": [arguments]})]

    def _open_call(self, call: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        block = {"type": "tool_use", "id": call["id"], "name": call["name"], "input": {}}
        events = [self._start_block(call["index"], block)]
        arguments = "".join(call["pieces"])
        if arguments:
            events.append(self._delta({"type": "input_json_delta", "partial_json": arguments}))
        return events

    def _start_block(self, kind: int | str, block: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        self._open = kind
        start = {"type": "content_block_start", "index": self._blocks, "content_block": block}
        return "content_block_start", start

    def _delta(self, delta: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        payload = {"type": "content_block_delta", "index": self._blocks, "delta": delta}
        return "content_block_delta", payload

    def _close(self) -> list[tuple[str, dict[str, Any]]]:
        if self._open is None:
            return []
        signed = self._open == _THINKING
        signature = {"type": "signature_delta", "signature": OUR_SIGNATURE}
        last = [self._delta(signature)] if signed else []
        self._open = None
        stop = {"type": "content_block_stop", "index": self._blocks}
        self._blocks += 1
        return [*last, ("content_block_stop", stop)]
