"""Well-formed bodies of each wire, for properties that every wire has.

`REQUESTS` and `REPLIES` hold what a wire says of its own; `PLAIN_REQUESTS` and `PLAIN_REPLIES` what
every wire can say. A new wire adds a line to each.
"""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES

Body = dict[str, Any]
Bodies = st.SearchStrategy[Body]

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip)
NAMES = st.sampled_from(["weather", "search", "add_2"])
ARGUMENTS = st.dictionaries(WORDS, st.none() | st.booleans() | st.integers() | WORDS, max_size=2)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PIXEL = "aGk="
MARK = {"cache_control": {"type": "ephemeral"}}


def some(required: Mapping[str, Any], **optional: Any) -> Bodies:
    return st.fixed_dictionaries(dict(required), optional=optional)


def just(value: Any) -> st.SearchStrategy[Any]:
    return st.just(value)


def marked(part: Bodies) -> Bodies:
    return st.tuples(part, st.sampled_from([{}, MARK])).map(lambda both: both[0] | both[1])


def openai_call(place: str, name: str, arguments: Body, more: Body) -> Body:
    function = {"name": name, "arguments": json.dumps(arguments, separators=(",", ":"))}
    return {"id": f"call_{place}", "type": "function", "function": function, **more}


@st.composite
def openai_turns(draw: Any, *, plain: bool) -> list[Body]:
    """A conversation on OpenAI's wire that ends with the user's words."""
    text = marked(some({"type": just("text"), "text": WORDS}))
    image = some({"type": just("image_url"), "image_url": openai_images(plain=plain)})
    file = just({"type": "file", "file": {"file_id": "file_1"}})
    heard = just({"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}})
    new = some({"type": just("hologram"), "beam": WORDS})
    parts = st.lists(text | image if plain else text | image | file | heard | new, min_size=1)
    extras = (
        just({})
        if plain
        else st.sampled_from(
            [{}, {"reasoning_content": "Hm."}, {"name": "bot"}, {"audio": {"id": "a"}}]
        )
    )
    signed = just({}) if plain else st.sampled_from([{}, {"extra_content": {"sig": "c2ln"}}])
    turns = draw(st.lists(some({"role": just("system"), "content": WORDS}), max_size=1))
    for number in range(draw(st.integers(0, 2))):
        turns.append({"role": "user", "content": draw(WORDS | parts)})
        calls = [
            openai_call(f"{number}_{place}", draw(NAMES), draw(ARGUMENTS), draw(signed))
            for place in range(draw(st.integers(0, 2)))
        ]
        said = {"role": "assistant", "content": draw(WORDS), **draw(extras)}
        if calls:
            said |= {"content": draw(st.none() | WORDS), "tool_calls": calls}
        turns.append(said)
        turns += [
            {"role": "tool", "tool_call_id": call["id"], "content": draw(WORDS)} for call in calls
        ]
        if calls:
            turns.append({"role": "assistant", "content": draw(WORDS)})
    turns.append({"role": "user", "content": draw(WORDS)})
    return turns


def openai_images(*, plain: bool) -> Bodies:
    urls = st.sampled_from(["https://x.test/a.png", f"data:image/png;base64,{PIXEL}"])
    return some({"url": urls}) if plain else some({"url": urls}, detail=just("low"))


def openai_tools(*, plain: bool) -> st.SearchStrategy[list[Body]]:
    function = some({"name": NAMES, "parameters": just(SCHEMA)}, description=WORDS)
    tool = marked(some({"type": just("function"), "function": function}))
    strict = just({"type": "function", "function": {"name": "f", "strict": True}})
    custom = just({"type": "custom", "custom": {"name": "free"}})
    return st.lists(tool if plain else tool | strict | custom, min_size=1, max_size=3)


def openai_request(*, plain: bool) -> Bodies:
    own = {} if plain else {
        "stop": st.lists(WORDS, min_size=1, max_size=2),
        "seed": st.integers(0, 9),
        "reasoning_effort": just("low"),
        "metadata": just({"team": "a"}),
        "logit_bias": just({"7": 1}),
        "frequency_penalty": just(0.5),
        "stream_options": just({"include_usage": True}),
        "safety_identifier": just("someone"),
        "response_format": st.sampled_from(
            [
                {"type": "text"},
                {"type": "json_object"},
                {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
            ]
        ),
    }  # fmt: skip
    choices: list[Any] = ["auto", "required", "none"]
    choices.append({"type": "function", "function": {"name": "weather"}})
    asked = some(
        {"model": just("m"), "messages": openai_turns(plain=plain)},
        temperature=st.sampled_from([0, 0.5, 1.0]),
        max_completion_tokens=st.integers(1, 99),
        stream=st.booleans(),
        user=st.sampled_from(["ann", "user_7-x"]) if plain else WORDS,
        service_tier=st.sampled_from(["auto", "default"] if plain else ["auto", "flex"]),
        **own,
    )
    tooled = some(
        {"tools": openai_tools(plain=plain)},
        tool_choice=st.sampled_from(choices),
        parallel_tool_calls=st.sampled_from([False] if plain else [False, True]),
    )
    return st.tuples(asked, just({}) | tooled).map(lambda both: both[0] | both[1])


def openai_reply(*, plain: bool) -> Bodies:
    call = st.builds(openai_call, st.sampled_from("ab"), NAMES, ARGUMENTS, just({}))
    message = some({"role": just("assistant"), "content": WORDS, "refusal": just(None)})
    calling = some(
        {
            "role": just("assistant"),
            "content": st.none() | WORDS,
            "refusal": just(None),
            "tool_calls": st.lists(call, min_size=1, max_size=2, unique_by=lambda c: c["id"]),
        }
    )
    own = {} if plain else {
        "system_fingerprint": just("fp"),
        "service_tier": just("default"),
    }  # fmt: skip
    thinking = some(
        {"role": just("assistant"), "content": WORDS},
        reasoning_content=WORDS,
        refusal=WORDS,
        annotations=just([]),
    )

    def reply(said: Body, finish: str, rest: Body) -> Body:
        choice = {"index": 0, "message": said, "finish_reason": finish, "logprobs": None}
        return {
            "id": "c1", "object": "chat.completion", "created": 7, "model": "m",
            "choices": [choice], **rest,
        }  # fmt: skip

    rest = some({"usage": openai_usage(plain=plain)}, **own)
    finishes = st.sampled_from(["stop", "length", "content_filter"])
    ended = st.builds(reply, message if plain else message | thinking, finishes, rest)
    return ended | st.builds(reply, calling, just("tool_calls"), rest)


@st.composite
def openai_usage(draw: Any, *, plain: bool) -> Body:
    prompt, completion = draw(st.integers(0, 99)), draw(st.integers(0, 99))
    details = {"cached_tokens": draw(st.integers(0, prompt))}
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": details,
    }
    return usage if plain else usage | {"completion_tokens_details": {"reasoning_tokens": 1}}


def tool_use(place: str, name: str, given: Body) -> Body:
    return {"type": "tool_use", "id": f"toolu_{place}", "name": name, "input": given}


@st.composite
def anthropic_turns(draw: Any, *, plain: bool) -> list[Body]:
    """A conversation on Anthropic's wire that ends with the user's words."""
    text = marked(some({"type": just("text"), "text": WORDS}))
    image = some({"type": just("image"), "source": anthropic_images()})
    paper = {"type": "document", "title": "a.pdf", "source": {"type": "file", "file_id": "f_1"}}
    upload = just({"type": "container_upload", "file_id": "f_2"})
    parts = st.lists(text | image if plain else text | image | just(paper) | upload, min_size=1)
    thought = st.sampled_from(
        [
            [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}],
            [{"type": "redacted_thinking", "data": "ZGF0YQ=="}],
            [{"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}],
        ]
    )
    turns = []
    for number in range(draw(st.integers(0, 2))):
        turns.append({"role": "user", "content": draw(WORDS | parts)})
        calls = [
            tool_use(f"{number}_{place}", draw(NAMES), draw(ARGUMENTS))
            for place in range(draw(st.integers(0, 2)))
        ]
        said = [{"type": "text", "text": draw(WORDS)}]
        before = [] if plain else draw(just([]) | thought)
        turns.append({"role": "assistant", "content": [*before, *said, *calls]})
        if calls:
            results = [
                {"type": "tool_result", "tool_use_id": call["id"], "content": draw(WORDS)}
                | ({} if plain else draw(st.sampled_from([{}, {"is_error": True}])))
                for call in calls
            ]
            turns.append({"role": "user", "content": results})
            turns.append({"role": "assistant", "content": draw(WORDS)})
    turns.append({"role": "user", "content": draw(WORDS)})
    return turns


def anthropic_images() -> Bodies:
    return st.sampled_from(
        [
            {"type": "url", "url": "https://x.test/a.png"},
            {"type": "base64", "media_type": "image/png", "data": PIXEL},
        ]
    )


def anthropic_request(*, plain: bool) -> Bodies:
    own = {} if plain else {
        "stop_sequences": st.lists(WORDS, min_size=1, max_size=2),
        "top_p": just(0.5),
        "top_k": st.integers(1, 9),
        "thinking": just({"type": "adaptive"}),
        "context_management": just({"edits": []}),
        "output_config": st.sampled_from(
            [{"effort": "low"}, {"effort": "low", "format": {"type": "json_schema", "schema": {}}}]
        ),
    }  # fmt: skip
    blocks = st.lists(marked(some({"type": just("text"), "text": WORDS})), min_size=1, max_size=2)
    user = some({"user_id": st.sampled_from(["ann", "user_7-x"]) if plain else WORDS})
    asked = some(
        {
            "model": just("m"),
            "max_tokens": st.integers(1, 99),
            "messages": anthropic_turns(plain=plain),
        },
        system=WORDS if plain else WORDS | blocks,
        temperature=st.sampled_from([0, 0.5, 1.0]),
        stream=st.booleans(),
        metadata=user if plain else user | just({"trace": "t"}),
        service_tier=st.sampled_from(["auto", "standard_only"]),
        **own,
    )
    tool = marked(some({"name": NAMES, "input_schema": just(SCHEMA)}, description=WORDS))
    search = just({"type": "web_search_20250305", "name": "web_search", "max_uses": 3})
    alone = just({}) | just({"disable_parallel_tool_use": True})
    kinds = st.sampled_from([{"type": "auto"}, {"type": "any"}, {"type": "tool", "name": "f"}])
    tooled = some(
        {"tools": st.lists(tool if plain else tool | search, min_size=1, max_size=3)},
        tool_choice=st.builds(lambda kind, more: kind | more, kinds, alone),
    )
    return st.tuples(asked, just({}) | tooled).map(lambda both: both[0] | both[1])


def anthropic_reply(*, plain: bool) -> Bodies:
    text = some({"type": just("text"), "text": WORDS})
    thought = just({"type": "thinking", "thinking": "Hm.", "signature": "c2ln"})
    call = st.builds(tool_use, st.sampled_from("ab"), NAMES, ARGUMENTS)
    calls = st.lists(call, min_size=1, max_size=2, unique_by=lambda block: block["id"])
    one = st.lists(text, min_size=1, max_size=1)
    said = one if plain else st.lists(text | thought, min_size=1, max_size=3)
    stops = ["end_turn", "max_tokens", "refusal"] + ([] if plain else ["pause_turn"])

    def reply(content: list[Body], stop: str, usage: Body) -> Body:
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": content, "stop_reason": stop, "stop_sequence": None, "usage": usage,
        }  # fmt: skip

    counts = some(
        {
            "input_tokens": st.integers(1, 99),
            "cache_read_input_tokens": st.integers(0, 9),
            "cache_creation_input_tokens": st.integers(0, 9),
            "output_tokens": st.integers(0, 99),
        },
        **({} if plain else {"service_tier": just("standard")}),
    )
    both = st.builds(lambda words, uses: words + uses, said, calls)
    ended = st.builds(reply, said, st.sampled_from(stops), counts)
    return ended | st.builds(reply, both, just("tool_use"), counts)


def function_call(place: str, name: str, arguments: Body, more: Body) -> Body:
    given = json.dumps(arguments, separators=(",", ":"))
    item = {"type": "function_call", "call_id": f"call_{place}", "name": name, "arguments": given}
    return item | more


@st.composite
def responses_input(draw: Any, *, plain: bool) -> list[Body]:
    """A conversation on the Responses wire that ends with the user's words."""
    text = some({"type": just("input_text"), "text": WORDS})
    urls = st.sampled_from(["https://x.test/a.png", f"data:image/png;base64,{PIXEL}"])
    detail = {} if plain else {"detail": just("low")}
    image = some({"type": just("input_image"), "image_url": urls}, **detail)
    file = st.sampled_from(
        [
            {"type": "input_file", "file_id": "file_1"},
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": "data:text/csv;base64,",
            },
            {"type": "input_file", "file_url": "https://x.test/a.pdf", "detail": "low"},
        ]
    )
    new = some({"type": just("hologram"), "beam": WORDS})
    parts = st.lists(text | image if plain else text | image | file | new, min_size=1)
    own = just([]) if plain else st.sampled_from(
        [
            [],
            [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2ln"}],
            [{"type": "web_search_call", "id": "ws_1", "status": "completed"}],
            [{"type": "item_reference", "id": "msg_9"}],
            [{"type": "compaction", "encrypted_content": "c2ln"}],
            [{"type": "additional_tools", "role": "developer", "tools": [CUSTOM_TOOL, SPACE]}],
        ]
    )  # fmt: skip
    made = just({}) if plain else st.sampled_from(
        [{}, {"id": "fc_1", "status": "completed"}, {"namespace": "clock"}]
    )  # fmt: skip
    items: list[Body] = []
    for number in range(draw(st.integers(0, 2))):
        items.append({"role": "user", "content": draw(WORDS | parts)})
        items += draw(own)
        said = {"type": "output_text", "text": draw(WORDS)}
        message = {"type": "message", "role": "assistant", "content": [said]}
        items.append(message if plain else message | draw(some({}, id=just("m"), phase=just("p"))))
        calls = [
            function_call(f"{number}_{place}", draw(NAMES), draw(ARGUMENTS), draw(made))
            for place in range(draw(st.integers(0, 2)))
        ]
        outputs = [
            {"type": "function_call_output", "call_id": call["call_id"], "output": draw(WORDS)}
            for call in calls
        ]
        if not plain and draw(st.booleans()):
            free = {"type": "custom_tool_call", "call_id": f"free_{number}", "name": "patch"}
            calls.append({**free, "input": draw(WORDS)})
            shown = [{"type": "input_text", "text": draw(WORDS)}]
            result = {"type": "custom_tool_call_output", "call_id": f"free_{number}"}
            outputs.append({**result, "output": shown})
        items += [*calls, *outputs]
        if calls:
            items.append({"role": "assistant", "content": draw(WORDS)})
    items.append({"role": "user", "content": draw(WORDS)})
    return items


GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}
CUSTOM_TOOL = {"type": "custom", "name": "patch", "description": "Edits.", "format": GRAMMAR}
SLEEP = {"type": "function", "name": "sleep", "parameters": SCHEMA, "strict": False}
SPACE = {"type": "namespace", "name": "clock", "description": "Time.", "tools": [SLEEP]}


def responses_request(*, plain: bool) -> Bodies:
    own = {} if plain else {
        "top_p": just(0.5),
        "reasoning": just({"effort": "high", "summary": "auto"}),
        "include": just(["reasoning.encrypted_content"]),
        "store": st.booleans(),
        "metadata": just({"team": "a"}),
        "previous_response_id": just("resp_1"),
        "prompt_cache_key": just("k"),
        "text": st.sampled_from(
            [
                {"verbosity": "low"},
                {"format": {"type": "text"}},
                {"format": {"type": "json_object"}, "verbosity": "low"},
                {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": SCHEMA}},
            ]
        ),
    }  # fmt: skip
    asked = some(
        {"model": just("m"), "input": WORDS | responses_input(plain=plain)},
        instructions=WORDS,
        temperature=st.sampled_from([0, 0.5, 1.0]),
        max_output_tokens=st.integers(1, 99),
        stream=st.booleans(),
        user=st.sampled_from(["ann", "user_7-x"]) if plain else WORDS,
        service_tier=st.sampled_from(["auto", "default"] if plain else ["auto", "flex"]),
        **own,
    )
    tool = some({"type": just("function"), "name": NAMES, "parameters": just(SCHEMA)},
                description=WORDS)  # fmt: skip
    others = st.sampled_from(
        [{"type": "web_search", "external_web_access": False}, CUSTOM_TOOL, SPACE,
         {"type": "namespace", "name": "empty"}]
    )  # fmt: skip
    choices: list[Any] = ["auto", "required", "none", {"type": "function", "name": "weather"}]
    if not plain:
        only = [{"type": "function", "name": "weather"}]
        choices += [{"type": "allowed_tools", "mode": "auto", "tools": only}, {"type": "mcp"}]
    tooled = some(
        {"tools": st.lists(tool if plain else tool | others, min_size=1, max_size=3)},
        tool_choice=st.sampled_from(choices),
        parallel_tool_calls=st.sampled_from([False] if plain else [False, True]),
    )
    return st.tuples(asked, just({}) | tooled).map(lambda both: both[0] | both[1])


def responses_reply(*, plain: bool) -> Bodies:
    text = {"type": just("output_text"), "text": WORDS, "annotations": just([])}
    words = st.builds(
        lambda part: {"type": "message", "id": "msg_1", "status": "completed",
                      "role": "assistant", "content": [part]},
        some(text),
    )  # fmt: skip
    thought = just({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2ln"})
    search = just({"type": "web_search_call", "id": "ws_1", "status": "completed"})
    patch = just({"type": "custom_tool_call", "id": "ctc_1", "call_id": "free", "name": "patch",
                  "input": "*** Begin", "status": "completed"})  # fmt: skip
    call = st.builds(
        function_call,
        st.sampled_from("ab"),
        NAMES,
        ARGUMENTS,
        just({"id": "fc_1", "status": "completed"}),
    )
    calls = st.lists(call, min_size=1, max_size=2, unique_by=lambda item: item["call_id"])
    said = st.lists(words, min_size=1, max_size=1)
    if not plain:
        said = st.lists(words | thought | search | patch, max_size=3)

    def reply(output: list[Body], ending: Body, usage: Body, more: Body) -> Body:
        return {
            "id": "resp_1", "object": "response", "created_at": 7, "model": "m", **ending,
            "output": output, "usage": usage, **more,
        }  # fmt: skip

    endings = st.sampled_from(
        [
            {"status": "completed", "incomplete_details": None},
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        ]
    )
    whole = just({"status": "completed", "incomplete_details": None})
    more = just({}) if plain else some({}, metadata=just({}), temperature=just(1.0))
    both = st.builds(lambda words, uses: words + uses, said, calls)
    usage = responses_usage(plain=plain)
    return st.builds(reply, said, endings, usage, more) | st.builds(reply, both, whole, usage, more)


@st.composite
def responses_usage(draw: Any, *, plain: bool) -> Body:
    prompt, completion = draw(st.integers(0, 99)), draw(st.integers(0, 99))
    usage = {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": draw(st.integers(0, prompt))},
        "output_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return usage if plain else usage | {"output_tokens_details": {"reasoning_tokens": 1}}


REQUESTS = {
    OPENAI: openai_request(plain=False),
    ANTHROPIC: anthropic_request(plain=False),
    RESPONSES: responses_request(plain=False),
}
PLAIN_REQUESTS = {
    OPENAI: openai_request(plain=True),
    ANTHROPIC: anthropic_request(plain=True),
    RESPONSES: responses_request(plain=True),
}
REPLIES = {
    OPENAI: openai_reply(plain=False),
    ANTHROPIC: anthropic_reply(plain=False),
    RESPONSES: responses_reply(plain=False),
}
PLAIN_REPLIES = {
    OPENAI: openai_reply(plain=True),
    ANTHROPIC: anthropic_reply(plain=True),
    RESPONSES: responses_reply(plain=True),
}
