"""Whatever a caller says beyond the plain is said on the other wire, named as left out, or refused.

What tells: taking it out of the request must change what is sent, or what is said to be fitted.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.translation import provider_request
from tierwatch.wire.wires import WIRES

MARK = {"cache_control": {"type": "ephemeral"}}
TEXT = {"type": "text", "text": "Hi."}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = {**SCHEMA, "additionalProperties": False}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
HTTP = {"type": "url", "url": "https://x.test/a.pdf"}

# Fields of a request, of a turn, of a part, of a call, of a result, and of a tool; by wire.
SAID: Mapping[str, Mapping[str, list[dict[str, Any]]]] = {
    "openai": {
        "request": [
            {"logit_bias": {"1": 2}}, {"seed": 1}, {"logprobs": True}, {"user": "u"},
            {"safety_identifier": "s"}, {"verbosity": "low"}, {"reasoning_effort": "low"},
            {"prediction": {"type": "content", "content": "x"}}, {"metadata": {"a": "b"}},
            {"store": True}, {"prompt_cache_key": "k"}, {"frequency_penalty": 0.1},
            {"web_search_options": {"search_context_size": "low"}}, {"modalities": ["audio"]},
            {"stop": ["a"]}, {"n": 3}, {"functions": [{"name": "f"}]}, {"top_p": 0.5},
            {"response_format": {"type": "json_schema", "json_schema": {"schema": CLOSED}}},
            {"parallel_tool_calls": False}, {"tool_choice": "required"}, {"zz": 1},
        ],
        "turn": [{"name": "bob"}, {"zz": 1}],
        "answer": [
            {"reasoning_content": "r"}, {"audio": {"id": "a1"}}, {"refusal": "No."},
            {"function_call": {"name": "f", "arguments": "{}"}},
            {"annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}]},
        ],
        "part": [MARK, {"prompt_cache_breakpoint": {"mode": "explicit"}}],
        "call": [{"extra_content": {"google": {"thought_signature": "S"}}}],
        "result": [{"zz": 1}],
        "tool": [{"type": "custom", "custom": {"name": "g"}}, {"type": "web_search"}],
    },
    "anthropic": {
        "request": [
            {"top_k": 4}, {"mcp_servers": [{"type": "url"}]}, {"container": "c"},
            {"context_management": {"edits": [{"type": "clear"}]}}, {"inference_geo": "us"},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}}, {"speed": "fast"},
            {"thinking": {"type": "adaptive"}}, {"metadata": {"user_id": "u"}}, {"zz": 1},
            {"output_config": {"effort": "low"}}, {"stop_sequences": ["a"]}, {"top_p": 0.5},
            {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
            {"output_format": {"type": "json_schema", "schema": CLOSED}},
            {"tool_choice": {"type": "any"}}, {"system": [{**TEXT, **MARK}]},
        ],
        "turn": [{"zz": 1}],
        "answer": [],
        "part": [MARK, {"citations": [{"type": "char_location", "cited_text": "x"}]}],
        "call": [{"caller": {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}}],
        "result": [{"is_error": True}, MARK],
        "tool": [
            {"type": "web_search_20250305", "name": "web_search"},
            {"type": "mcp_toolset", "mcp_server_name": "s"},
            {"name": "g", "input_schema": SCHEMA, **MARK},
        ],
    },
    "responses": {
        "request": [
            {"instructions": "S"}, {"reasoning": {"effort": "low"}}, {"user": "u"},
            {"safety_identifier": "s"}, {"include": ["reasoning.encrypted_content"]},
            {"truncation": "auto"}, {"max_tool_calls": 3}, {"metadata": {"a": "b"}},
            {"text": {"verbosity": "low"}}, {"prompt_cache_key": "k"}, {"top_logprobs": 2},
            {"text": {"format": {"type": "json_schema", "name": "x", "schema": CLOSED}}},
            {"context_management": [{"type": "compaction"}]}, {"previous_response_id": "resp_1"},
            {"prompt": {"id": "p"}}, {"conversation": "conv_1"}, {"zz": 1},
            {"parallel_tool_calls": False}, {"tool_choice": "required"},
        ],
        "turn": [{"zz": 1}],
        "answer": [],
        "part": [{"prompt_cache_breakpoint": {"mode": "explicit"}}],
        "call": [{"namespace": "clock"}],
        "result": [{"zz": 1}],
        "tool": [
            {"type": "custom", "name": "g"}, {"type": "web_search"},
            {"type": "mcp", "server_label": "s", "server_url": "u"},
            {"type": "namespace", "name": "n", "tools": [{"type": "web_search"}]},
            {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]},
        ],
    },
}  # fmt: skip

# Parts that stand in somebody's turn beside plain words.
PARTS: Mapping[str, list[tuple[str, dict[str, Any]]]] = {
    "openai": [
        ("user", {"type": "image_url", "image_url": {"url": PIXEL}}),
        ("user", {"type": "file", "file": {"file_id": "file-1"}}),
        ("user", {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
        ("user", {"type": "hologram"}),
        ("assistant", {"type": "refusal", "refusal": "No."}),
    ],
    "anthropic": [
        ("user", {"type": "image", "source": HTTP}),
        ("user", {"type": "document", "source": {"type": "text", "data": "Words."}}),
        ("user", {"type": "document", "source": HTTP, "context": "c"}),
        ("user", {"type": "container_upload", "file_id": "f"}),
        ("user", {"type": "search_result", "source": "u", "content": [TEXT]}),
        ("user", {"type": "hologram"}),
        ("assistant", {"type": "thinking", "thinking": "t", "signature": "s"}),
        ("assistant", {"type": "redacted_thinking", "data": "d"}),
        ("assistant", {"type": "server_tool_use", "id": "s", "name": "x", "input": {}}),
        ("assistant", {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}),
        ("assistant", {"type": "mcp_tool_use", "id": "m", "name": "x", "input": {}}),
        ("assistant", {"type": "mcp_tool_result", "tool_use_id": "m", "content": [TEXT]}),
        ("assistant", {"type": "bash_code_execution_tool_result", "tool_use_id": "m"}),
        ("assistant", {"type": "compaction", "content": "c"}),
    ],
    "responses": [
        ("user", {"type": "input_image", "image_url": PIXEL}),
        ("user", {"type": "input_file", "file_id": "file-1"}),
        ("user", {"type": "input_file", "file_url": "https://x.test/a.pdf"}),
        ("user", {"type": "hologram"}),
        ("assistant", {"type": "refusal", "refusal": "No."}),
        ("assistant", {"type": "output_text", "text": "x", "annotations": [{"type": "u"}]}),
    ],
}

ITEMS: list[dict[str, Any]] = [
    {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "e"},
    {"type": "web_search_call", "id": "ws", "action": {"type": "search", "query": "q"}},
    {"type": "mcp_call", "id": "m", "name": "x", "arguments": "{}", "output": "y"},
    {"type": "item_reference", "id": "x"},
    {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
    {"type": "additional_tools", "tools": [{"type": "function", "name": "z"}]},
    {"type": "hologram"},
]  # fmt: skip


def calls(wire: str, call: dict[str, Any], result: dict[str, Any]) -> list[dict[str, Any]]:
    """A question, a call and its result."""
    asked = {"role": "user", "content": "Hi."}
    if wire == "openai":
        made = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        said = {"role": "assistant", "content": None, "tool_calls": [{**made, **call}]}
        return [asked, said, {"role": "tool", "tool_call_id": "call_1", "content": "r", **result}]
    if wire == "anthropic":
        use = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, **call}
        given = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "r", **result}
        said = {"role": "assistant", "content": [use]}
        return [asked, said, {"role": "user", "content": [given]}]
    made = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}", **call}
    given = {"type": "function_call_output", "call_id": "call_1", "output": "r", **result}
    return [asked, made, given]


def body(
    wire: str, turns: list[dict[str, Any]], *tools: dict[str, Any], **more: Any
) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": "function", "name": "f", "parameters": SCHEMA}
    if wire == "openai":
        plain = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
    elif wire == "anthropic":
        plain = {"name": "f", "input_schema": SCHEMA}
        more = {"max_tokens": 9_000, **more}
    field = "input" if wire == "responses" else "messages"
    return {"model": "m", field: turns, "tools": [plain, *tools], **more}


def words(wire: str, role: str) -> dict[str, Any]:
    if wire != "responses":
        return TEXT
    return {"type": "output_text" if role == "assistant" else "input_text", "text": "Hi."}


def turns(wire: str, role: str, *parts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    turn = {"role": role, "content": [words(wire, role), *parts], **more}
    asked = {"role": "user", "content": "Hi."}
    return [asked, turn, asked] if role == "assistant" else [turn]


def pairs(wire: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What is said by name, the request with it, and the request without it."""
    said, hi = SAID[wire], turns(wire, "user")
    found = [("request", one, body(wire, hi, **one), body(wire, hi)) for one in said["request"]]
    for role, key in (("user", "turn"), ("assistant", "answer")):
        plain = body(wire, turns(wire, role))
        found += [(key, one, body(wire, turns(wire, role, **one)), plain) for one in said[key]]
    for one in said["part"]:
        part = {**words(wire, "user"), **one}
        whole = body(wire, [{"role": "user", "content": [part]}])
        found.append(("part", one, whole, body(wire, hi)))
    without = body(wire, calls(wire, {}, {}))
    found += [("call", one, body(wire, calls(wire, one, {})), without) for one in said["call"]]
    found += [("result", one, body(wire, calls(wire, {}, one)), without) for one in said["result"]]
    found += [("tool", one, body(wire, hi, one), body(wire, hi)) for one in said["tool"]]
    for role, one in PARTS[wire]:
        whole, plain = body(wire, turns(wire, role, one)), body(wire, turns(wire, role))
        found.append((role, one, whole, plain))
    for one in ITEMS if wire == "responses" else ():
        found.append(("item", one, body(wire, [*hi, one, *hi]), body(wire, [*hi, *hi])))
    return [(f"{kind} {'+'.join(one)} {one.get('type', '')}", a, b) for kind, one, a, b in found]


CASES = [
    pytest.param(wire, other, whole, without, id=f"{wire} to {other}: {name.strip()}")
    for wire in WIRES
    for name, whole, without in pairs(wire)
    for other in WIRES
    if other != wire
]


def sent(wire: str, other: str, request: dict[str, Any]) -> object:
    try:
        return provider_request(wire, other, request, "m")
    except ProviderError as error:
        return f"{error.kind}: {error}"


@pytest.mark.parametrize(("wire", "other", "whole", "without"), CASES)
def test_what_is_said_is_sent_named_or_refused(
    wire: str, other: str, whole: dict[str, Any], without: dict[str, Any]
) -> None:
    assert sent(wire, other, whole) != sent(wire, other, without)


@pytest.mark.parametrize("other", ["openai", "anthropic"])
def test_only_the_allowed_tools_of_a_response_are_shown(other: str) -> None:
    wanted = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}
    more = {"type": "function", "name": "other", "parameters": SCHEMA}
    request = body("responses", turns("responses", "user"), more, tool_choice=wanted)
    tools = provider_request("responses", other, request, "m").request["tools"]
    assert [(tool.get("function") or tool)["name"] for tool in tools] == ["f"]


def test_no_note_names_what_only_we_know() -> None:
    within = [{"type": "function", "name": "sleep", "description": "d", "parameters": CLOSED}]
    space = {"type": "namespace", "name": "clock", "description": "Time.", "tools": within}
    request = body("responses", turns("responses", "user"), space)
    for other in ("openai", "anthropic"):
        fitted = provider_request("responses", other, request, "m").fitted
        assert fitted == ("-tools.namespace.description",)


def test_the_older_place_of_a_format_is_kept_and_read() -> None:
    wanted = {"type": "json_schema", "schema": CLOSED}
    request = body("anthropic", turns("anthropic", "user"), output_format=wanted)
    wire = WIRES["anthropic"]
    assert wire.write_request(wire.read_request(request)).request == request
    asked = provider_request("anthropic", "openai", request, "m").request["response_format"]
    assert asked["json_schema"]["schema"] == CLOSED


@pytest.mark.parametrize("other", ["openai", "anthropic"])
def test_a_text_for_an_input_is_no_loss_and_a_choice_of_their_own_tool_is_one(other: str) -> None:
    request = {"model": "m", "input": "Hi."}
    assert provider_request("responses", other, request, "m").fitted == ()
    asked = body("responses", turns("responses", "user"), tool_choice={"type": "web_search"})
    assert provider_request("responses", other, asked, "m").fitted == ("-tool_choice",)
