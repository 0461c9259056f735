"""OpenTelemetry's conventions for GenAI, which most instrumentations follow, each in its way.

Source: semantic conventions for GenAI 1.28 to 1.39. Read here is what they share; what one of
them does otherwise stands in its own file.
"""

from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import FRAME, OTHER, PARAMETERS_UNSEEN, Call
from tierwatch.intake.otlp.dialects.content_records import CONTENT, details, one_by_one
from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.dialects.found import Found, call_of, function_tools
from tierwatch.intake.otlp.dialects.parts import Said, instructions, said_messages
from tierwatch.intake.otlp.reading import found_structured, number, text, tokens
from tierwatch.intake.otlp.telemetry import LogRecord, Span
from tierwatch.store.documents import Json
from tierwatch.wire.json_values import string
from tierwatch.wire.usage import Usage

_CALLS: Final = frozenset({"chat", "text_completion", "generate_content"})
_FRAMES: Final = frozenset({"invoke_agent", "create_agent", "agent_step", "invoke_workflow"})
INPUT: Final = "gen_ai.input.messages"
OUTPUT: Final = "gen_ai.output.messages"
_INSTRUCTIONS: Final = "gen_ai.system_instructions"
_TOOLS: Final = "gen_ai.tool.definitions"
_SECONDS_TO_FIRST: Final = (
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.client.operation.time_to_first_chunk",
)
# By the attribute, the parameter of OpenAI's wire.
_PARAMETERS: Final = {
    "gen_ai.request.temperature": "temperature",
    "gen_ai.request.top_p": "top_p",
    "gen_ai.request.max_tokens": "max_tokens",
    "gen_ai.request.frequency_penalty": "frequency_penalty",
    "gen_ai.request.presence_penalty": "presence_penalty",
    "gen_ai.request.stop_sequences": "stop",
    "gen_ai.request.seed": "seed",
    "gen_ai.openai.request.seed": "seed",
    "gen_ai.request.choice.count": "n",
    "gen_ai.request.reasoning_effort": "reasoning_effort",
    "gen_ai.request.stream": "stream",
    "gen_ai.is_streaming": "stream",
}
_TAGS: Final = ("gen_ai.agent.name",)
_ONE: Final = 1


def kind_of(span: Span) -> str:
    """By the operation that the span names; without a name, by whether it names a model."""
    operation = string(span.attributes.get("gen_ai.operation.name"))
    if operation in _FRAMES:
        return FRAME
    if not operation:
        return "" if "gen_ai.request.model" in span.attributes else OTHER
    return "" if operation in _CALLS else OTHER


def waits(span: Span) -> bool:
    """Whether neither its attributes nor its events say what was asked or answered."""
    if INPUT in span.attributes or OUTPUT in span.attributes:
        return False
    return not any(event.name in CONTENT for event in span.events)


def found_in(span: Span, records: Sequence[LogRecord] = ()) -> Found:
    """What a span of the conventions says, with its records."""
    attributes = details(span, records)
    asked, answered, outside = _content(attributes)
    old = one_by_one(span, records) if not (asked or answered) else None
    parameters, unseen = request_parameters(attributes)
    messages = asked.messages if asked else None
    finish = _finish(attributes) or (answered.finish if answered else None)
    answer, several = _answer(answered)
    if old:
        messages, answer, outside = old.messages, old.answer, outside or old.outside
        finish = finish or old.finish
    tools, cut = found_structured(attributes, _TOOLS)
    return Found(
        asked=text(attributes, "gen_ai.request.model"),
        model=text(attributes, "gen_ai.response.model"),
        provider=text(attributes, "gen_ai.provider.name", "gen_ai.system"),
        session=text(attributes, "gen_ai.conversation.id", "session.id"),
        user=text(attributes, "enduser.id", "user.id", "gen_ai.user"),
        tags=tuple(filter(None, (text(attributes, name) for name in _TAGS))),
        messages=messages,
        tools=function_tools(tools),
        parameters=parameters,
        answer=answer,
        finish=finish,
        usage=usage_in(attributes),
        cost_usd=number(attributes, "operation.cost", "gen_ai.usage.cost"),
        first_byte_ms=1e3 * (number(attributes, *_SECONDS_TO_FIRST) or 0.0),
        outside=outside or (PARAMETERS_UNSEEN if cut or unseen or several or span.dropped else ""),
    )


def conventional_call(span: Span, records: Sequence[LogRecord]) -> Call:
    """The call of a span that says nothing but what the conventions say."""
    return call_of(span, found_in(span, records))


def _content(attributes: Json) -> tuple[Said | None, Said | None, str]:
    """What was asked and answered, and why one of them is not all of it."""
    if INPUT not in attributes and OUTPUT not in attributes:
        return None, None, ""
    told, problem = found_structured(attributes, INPUT)
    asked = said_messages(told) if told is not None else Said([], outside=problem)
    if _INSTRUCTIONS in attributes:
        before, cut = found_structured(attributes, _INSTRUCTIONS)
        first = instructions(before)
        asked = asked._replace(messages=first.messages + asked.messages)
        problem = problem or cut or first.outside
    given, spoilt = found_structured(attributes, OUTPUT)
    answered = said_messages(given) if given is not None else None
    outside = asked.outside or problem or spoilt or (answered.outside if answered else "")
    return asked, answered, outside


def _answer(answered: Said | None) -> tuple[Json | None, bool]:
    """The first answer, and whether there are several: then it is not known which was used."""
    messages = [one for one in (answered.messages if answered else []) if one["role"] != "tool"]
    return (messages[0] if messages else None), len(messages) > _ONE


def _finish(attributes: Json) -> str | None:
    reasons = attributes.get("gen_ai.response.finish_reasons")
    first = reasons[0] if isinstance(reasons, list) and reasons else reasons
    return string(first) or None


def request_parameters(attributes: Json) -> tuple[Json, bool]:
    """The parameters, and whether the answer's form was asked for in a way that is not said."""
    parameters: Json = {}
    for name, parameter in _PARAMETERS.items():
        value = attributes.get(name)
        if value is not None and value is not False and value != []:
            parameters[parameter] = value
    if parameters.get("n") == _ONE:
        del parameters["n"]
    schema, cut = found_structured(attributes, "gen_ai.request.structured_output_schema")
    if isinstance(schema, dict):
        parameters["response_format"] = _format(schema)
        return parameters, bool(cut)
    form = text(attributes, "gen_ai.openai.request.response_format", "gen_ai.output.type")
    if form == "json_object":
        parameters["response_format"] = {"type": form}
        return parameters, False
    return parameters, form not in {"", "text"}


def _format(schema: Json) -> Json:
    if isinstance(schema.get("json_schema"), dict):
        return schema
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def usage_in(attributes: Json) -> Usage:
    """The counts under today's names and those of before 1.27; the input includes cached ones."""
    return Usage(
        tokens(attributes, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        tokens(attributes, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        tokens(
            attributes,
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
        ),
        tokens(
            attributes,
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
        ),
    )


DIALECT: Final = Dialect("conventions", kind_of, conventional_call, waits)
