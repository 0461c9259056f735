"""What refusals teach. The sentences are after what the servers are known to say."""

import json
from typing import Any

import pytest
from factories.refused import anthropic, openai, pydantic
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.fit.lesson import Lesson
from tierwatch.fit.refusals import lessons_of
from tierwatch.routing.facts import Facts

SENT = frozenset(
    {
        *("model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p"),
        *("stop", "top_k", "user", "reasoning_effort", "tools", "tool_choice", "metadata", "seed"),
        *("stream_options", "store", "logprobs", "response_format", "n", "thinking", "stream"),
        *("output_config", "context_management", "chat_template_kwargs", "foo_bar"),
    }
)


def taught(body: str, status: int = 400) -> list[tuple[str, str, dict[str, Any], set[str]]]:
    return [
        (lesson.kind, lesson.what, lesson.facts.known, set(lesson.without))
        for lesson in lessons_of(status, body, SENT)
    ]


def left_out(name: str) -> tuple[str, str, dict[str, Any], set[str]]:
    return ("parameter", name, {}, {name})


@pytest.mark.parametrize(
    ("body", "lesson"),
    [
        (
            openai(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
                " 'max_completion_tokens' instead.",
                param="max_tokens",
                code="unsupported_parameter",
            ),
            ("parameter", "max_tokens", {"limit": "max_completion_tokens"}, set()),
        ),
        (
            openai("Unrecognized request argument supplied: max_completion_tokens"),
            ("parameter", "max_completion_tokens", {"limit": "max_tokens"}, set()),
        ),
        (
            openai(
                "Unsupported value: 'temperature' does not support 0.1 with this model. Only the"
                " default (1) value is supported.",
                param="temperature",
                code="unsupported_value",
            ),
            left_out("temperature"),
        ),
        (
            openai("Unsupported parameter: 'stop' is not supported with this model.", param="stop"),
            left_out("stop"),
        ),
        (
            openai(
                "Unsupported value: 'reasoning_effort' does not support 'xhigh' with this model."
                " Supported values are: 'low', 'medium', and 'high'.",
                param="reasoning_effort",
            ),
            ("parameter", "effort", {"effort": ("low", "medium", "high")}, set()),
        ),
        (
            openai("Unrecognized request argument supplied: reasoning_effort"),
            ("parameter", "effort", {"effort": ()}, set()),
        ),
        (openai("Unknown parameter: 'foo_bar'.", param="foo_bar"), left_out("foo_bar")),
        (
            openai(
                "max_tokens is too large: 32000. This model supports at most 16384 completion"
                " tokens, whereas you provided 32000.",
                param="max_tokens",
            ),
            ("parameter", "max_tokens", {"output": 16_384}, set()),
        ),
        (
            openai("max_completion_tokens must be less than or equal to 8192"),
            ("parameter", "max_tokens", {"output": 8_192}, set()),
        ),
        (
            openai("Range of max_tokens should be [1, 8192]"),
            ("parameter", "max_tokens", {"output": 8_192}, set()),
        ),
        (
            openai(
                "Invalid 'user': string too long. Expected a string with maximum length 64, but got"
                " a string with length 150 instead.",
                param="user",
            ),
            left_out("user"),
        ),
        (
            openai("Unsupported value: 'messages[0].role' does not support 'developer'."),
            ("parameter", "developer", {"role": "system"}, set()),
        ),
        (
            openai(
                "Failed to deserialize the JSON body: messages[0].role: unknown variant"
                " `developer`, expected one of `system`, `user`, `assistant`, `tool`"
            ),
            ("parameter", "developer", {"role": "system"}, set()),
        ),
        (openai("x-reasoner does not support this parameter logprobs"), left_out("logprobs")),
        (
            openai("Unknown field: parameter `chat_template_kwargs` is not supported"),
            left_out("chat_template_kwargs"),
        ),
        (
            json.dumps(
                {
                    "message": "Malformed input request: #: extraneous key [metadata] is not"
                    " permitted, please reformat your input"
                }
            ),
            left_out("metadata"),
        ),
        (
            json.dumps(
                [
                    {
                        "error": {
                            "code": 400,
                            "message": "Invalid JSON payload received. Unknown"
                            ' name "store": Cannot find field.',
                        }
                    }
                ]
            ),
            left_out("store"),
        ),
        (
            openai(
                "Provider returned error",
                metadata={"raw": openai("Unsupported parameter: 'stop'", param="stop")},
            ),
            left_out("stop"),
        ),
        (
            anthropic(
                "max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens"
                " for claude-haiku-4-5"
            ),
            ("parameter", "max_tokens", {"output": 64_000}, set()),
        ),
        (
            anthropic("adaptive thinking is not supported on this model"),
            ("parameter", "thinking.adaptive", {"thinking": "enabled"}, set()),
        ),
        (
            anthropic(
                "thinking: Input tag 'adaptive' found using 'type' does not match any of the"
                " expected tags: 'disabled', 'enabled'"
            ),
            ("parameter", "thinking.adaptive", {"thinking": "enabled"}, set()),
        ),
        (
            anthropic(
                '"thinking.type.enabled" is not supported for this model. Use'
                ' "thinking.type.adaptive" and "output_config.effort" to control thinking.'
            ),
            ("parameter", "thinking.enabled", {"thinking": "adaptive"}, set()),
        ),
        (
            anthropic('"thinking.type.disabled" is not supported for this model.'),
            ("parameter", "thinking.disabled", {"thinking": "always"}, set()),
        ),
        (
            anthropic("thinking: Extra inputs are not permitted"),
            ("parameter", "thinking", {"thinking": "none"}, {"thinking"}),
        ),
        (
            anthropic("This model does not support the effort parameter."),
            ("parameter", "effort", {"effort": ()}, set()),
        ),
        (
            anthropic("messages.1.role: Input should be 'user' or 'assistant'"),
            ("parameter", "messages.system", {"late_system": False}, set()),
        ),
        (
            anthropic("context_management: Extra inputs are not permitted"),
            left_out("context_management"),
        ),
        (
            anthropic("tools.0.defer_loading: Extra inputs are not permitted"),
            left_out("tools.defer_loading"),
        ),
        (
            anthropic("tools.0.custom.strict: Extra inputs are not permitted"),
            left_out("tools.strict"),
        ),
        (anthropic("`top_k` is deprecated for this model."), left_out("top_k")),
        (
            anthropic(
                "`temperature` and `top_p` cannot both be specified for this model. Please use"
                " only one."
            ),
            ("once", "top_p", {}, {"top_p"}),
        ),
        (
            anthropic("`temperature` may only be set to 1 when thinking is enabled."),
            ("once", "temperature", {}, {"temperature"}),
        ),
        (
            anthropic("`top_k` must be unset when thinking is enabled."),
            ("once", "top_k", {}, {"top_k"}),
        ),
        (
            anthropic("Thinking may not be enabled when tool_choice forces tool use."),
            ("once", "thinking", {}, {"thinking"}),
        ),
        (
            anthropic("output_config.effort: 'xhigh' is not supported on this model"),
            ("parameter", "effort", {"effort": ()}, set()),
        ),
    ],
)
def test_a_field_is_refused(body: str, lesson: object) -> None:
    assert taught(body) == [lesson]
    assert taught(body, 422) == [lesson]


def test_several_fields_at_once() -> None:
    assert taught(pydantic("max_completion_tokens", "stream_options"), 422) == [
        ("parameter", "max_completion_tokens", {"limit": "max_tokens"}, set()),
        left_out("stream_options"),
    ]


@pytest.mark.parametrize(
    ("body", "context"),
    [
        (
            openai(
                "This model's maximum context length is 8192 tokens. However, your messages"
                " resulted in 9000 tokens.",
                code="context_length_exceeded",
                param="messages",
            ),
            8_192,
        ),
        (
            openai(
                "This model's maximum context length is 32768 tokens. However, you requested 40400"
                " tokens (40000 in the messages, 400 in the completion). Please reduce the length"
                " of the messages or max_tokens."
            ),
            32_768,
        ),
        (anthropic("prompt is too long: 210000 tokens > 200000 maximum"), 200_000),
        (
            json.dumps(
                [
                    {
                        "error": {
                            "message": "The input token count (1200000) exceeds the maximum"
                            " number of tokens allowed (1048576)."
                        }
                    }
                ]
            ),
            1_048_576,
        ),
        (
            openai(
                "the request exceeds the available context size (8192 tokens), try increasing it",
                type="exceed_context_size_error",
            ),
            8_192,
        ),
        (json.dumps({"message": "Input is too long for requested model."}), None),
    ],
)
def test_it_is_too_long(body: str, context: int | None) -> None:
    (lesson,) = lessons_of(400, body, SENT)
    assert (lesson.kind, lesson.facts.context) == ("context", context)


@pytest.mark.parametrize(
    ("body", "room"),
    [
        (
            anthropic(
                "input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000,"
                " decrease input length or `max_tokens` and try again"
            ),
            10_000,
        ),
        (
            openai(
                "'max_tokens' or 'max_completion_tokens' is too large: 4400. This model's maximum"
                " context length is 32768 tokens and your request has 30000 input tokens."
            ),
            2_768,
        ),
        (
            openai(
                "This model's maximum context length is 32768 tokens. However, you requested 34000"
                " tokens (30000 in the messages, 4000 in the completion)."
            ),
            2_768,
        ),
    ],
)
def test_there_is_less_room_for_the_answer_than_was_asked(body: str, room: int) -> None:
    assert lessons_of(400, body, SENT) == (Lesson("once", "max_tokens", Facts(output=room)),)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (openai("Invalid content type. image_url is only supported by certain models."), "images"),
        (openai("No endpoints found that support image input"), "images"),
        (json.dumps({"error": "this model is missing data required for image input"}), "images"),
        (openai("At most 0 image(s) may be provided: m is not a multimodal model"), "images"),
        (anthropic("This model does not support PDF documents."), "files"),
        (
            json.dumps({"error": "registry.ollama.ai/library/gemma3 does not support tools"}),
            "tools",
        ),
        (
            json.dumps(
                {
                    "object": "error",
                    "message": '"auto" tool choice requires'
                    " --enable-auto-tool-choice and --tool-call-parser to be set",
                }
            ),
            "tools",
        ),
        (
            openai("Invalid parameter: 'response_format' of type 'json_schema' is not supported"),
            "structured_output",
        ),
        (anthropic("output_config.format: Extra inputs are not permitted"), "structured_output"),
        (
            anthropic(
                "This model does not support assistant message prefill. The conversation must end"
                " with a user message."
            ),
            "prefill",
        ),
        (openai("n > 1 is not supported", param="n"), "n"),
    ],
)
def test_the_model_lacks_what_was_asked(body: str, what: str) -> None:
    assert taught(body) == [("feature", what, {what: False}, set())]


def test_a_filter_stopped_it() -> None:
    azure = openai(
        "The response was filtered due to the prompt triggering Azure OpenAI's content management"
        " policy.",
        code="content_filter",
        param="prompt",
        innererror={"code": "ResponsibleAIPolicyViolation"},
    )
    assert taught(azure) == [("content", "content", {}, set())]
    assert taught(openai("No.", code="content_policy_violation"))[0][0] == "content"


@pytest.mark.parametrize(
    "body",
    [
        openai("Invalid 'tools[0].function.name': string does not match pattern.", param="tools"),
        openai("Invalid 'temperature': decimal above maximum value.", param="temperature"),
        openai("you must provide a model parameter"),
        openai("Invalid schema for response_format 'a': schema must have type 'object'"),
        openai("'messages' must contain the word 'json' in some form", param="messages"),
        openai("Unknown parameter: 'not_sent'.", param="not_sent"),
        openai("Unsupported value: 'messages[1].role' does not support 'wizard'."),
        openai("Missing required parameter: 'messages'."),
        anthropic("messages: text content blocks must be non-empty"),
        anthropic("messages.2: `tool_use` ids were found without `tool_result` blocks: toolu_1."),
        anthropic("messages.1.content.0.thinking: each thinking block must contain signature"),
        anthropic("`max_tokens` must be greater than `thinking.budget_tokens`."),
        anthropic("max_tokens: Field required"),
        anthropic("Unexpected value(s) `x-2025` for the `anthropic-beta` header."),
        "<html>Bad gateway</html>",
        "",
        "null",
        "[]",
    ],
)
def test_what_is_the_callers_own_teaches_nothing(body: str) -> None:
    assert taught(body) == []


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503, 200])
def test_other_statuses_are_not_of_the_request(status: int) -> None:
    assert lessons_of(status, openai("Unknown parameter: 'seed'.", param="seed"), SENT) == ()


def test_a_model_that_is_not_there_is_no_lesson() -> None:
    gone = openai("The model 'seed' does not exist or is not supported", code="model_not_found")
    assert lessons_of(404, gone, SENT) == ()


def test_too_large_a_body_is_too_long_whatever_it_says() -> None:
    assert taught("<html>413</html>", 413) == [("context", "context", {}, set())]


@given(st.text(), st.sampled_from([400, 404, 413, 422]))
def test_no_text_raises(text: str, status: int) -> None:
    for body in (text, openai(text), anthropic(text)):
        for lesson in lessons_of(status, body, SENT):
            assert lesson.without <= SENT | {f"tools.{lesson.what.removeprefix('tools.')}"}
