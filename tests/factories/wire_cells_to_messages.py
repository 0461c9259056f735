"""The cells of requests: what holds of chat completions on Anthropic's wire."""

from factories.wire_cells import (
    LONG_USER,
    MARK,
    PDF,
    PNG,
    SCHEMA,
    TO_MESSAGES,
    USER,
    Cell,
    blocks,
    called,
    chat,
    function,
    given,
    image,
    source,
    system,
    text,
    told,
    user,
    words,
)

TO_ANTHROPIC = [
    Cell(
        "parallel calls, two results",
        TO_MESSAGES,
        chat(USER, called("t1", "t2"), given("t1"), given("t2", "rain"), tools=[function()]),
        lambda out: (
            [one["tool_use_id"] for one in blocks(out)] == ["t1", "t2"]
            and [one["id"] for one in blocks(out, -2)] == ["t1", "t2"]
        ),
    ),
    Cell(
        "results, then the user's text",
        TO_MESSAGES,
        chat(
            USER, called("t1"), given("t1"), {"role": "user", "content": "And?"}, tools=[function()]
        ),
        lambda out: [one["type"] for one in blocks(out)] == ["tool_result", "text"],
    ),
    Cell(
        "tool result as a list of parts",
        TO_MESSAGES,
        chat(USER, called("t1"), given("t1", [text("sunny")]), tools=[function()]),
        lambda out: "sunny" in words(blocks(out)[0]),
    ),
    Cell(
        "image by URL",
        TO_MESSAGES,
        chat(user(text("?"), image("https://x.test/a.png"))),
        lambda out: blocks(out)[1]["source"] == {"type": "url", "url": "https://x.test/a.png"},
    ),
    Cell(
        "image by data URL",
        TO_MESSAGES,
        chat(user(image(f"data:image/png;base64,{PNG}"))),
        lambda out: blocks(out)[0] == source("image", "image/png", PNG),
    ),
    Cell(
        "image whose type is written otherwise",
        TO_MESSAGES,
        chat(user(image(f"data:image/jpg;charset=utf-8;base64,{PNG[:20]}\n{PNG[20:]}"))),
        lambda out: blocks(out)[0] == source("image", "image/png", PNG),
        litellm="takes the type and the characters as they are written",
    ),
    Cell(
        "PDF as an image",
        TO_MESSAGES,
        chat(user(image(f"data:application/pdf;base64,{PDF}"))),
        lambda out: blocks(out)[0] == source("document", "application/pdf", PDF),
    ),
    Cell(
        "PDF as a file part",
        TO_MESSAGES,
        chat(
            user(
                {
                    "type": "file",
                    "file": {
                        "filename": "a.pdf",
                        "file_data": f"data:application/pdf;base64,{PDF}",
                    },
                }
            )
        ),
        lambda out: (
            blocks(out)[0]["source"] == source("document", "application/pdf", PDF)["source"]
        ),
    ),
    Cell(
        "PDF as a file part without a data URL",
        TO_MESSAGES,
        chat(user({"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}})),
        lambda out: (
            blocks(out)[0]["source"] == source("document", "application/pdf", PDF)["source"]
        ),
        litellm="takes data URLs alone",
    ),
    Cell(
        "cache_control on parts",
        TO_MESSAGES,
        chat(user(text("a", **MARK), text("b"))),
        lambda out: blocks(out)[0] == text("a", **MARK),
    ),
    Cell(
        "developer first, system later",
        TO_MESSAGES,
        chat(
            {"role": "developer", "content": "Be kind."},
            USER,
            {"role": "system", "content": "Be brief."},
            USER,
        ),
        lambda out: "Be kind." in system(out) and "Be brief." in system(out),
        litellm="says a later system prompt as the user, with a note",
    ),
    Cell(
        "JSON schema format",
        TO_MESSAGES,
        chat(
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "n", "strict": True, "schema": SCHEMA},
            }
        ),
        lambda out: (
            out["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}
            and "JSON" in system(out)
        ),
        litellm="uses the older field output_format",
    ),
    Cell(
        "JSON schema that is open",
        TO_MESSAGES,
        chat(
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": {"type": "object"}},
            }
        ),
        lambda out: "output_config" not in out and "JSON Schema" in system(out),
        fitted=("response_format->system",),
        litellm="forces a call of a tool of its own",
    ),
    Cell(
        "stop: text and white space",
        TO_MESSAGES,
        chat(stop=["END", "\n"]),
        lambda out: out["stop_sequences"] == ["END"],
        fitted=("-stop",),
        litellm="sends the white space, which is refused",
    ),
    Cell(
        "max_completion_tokens",
        TO_MESSAGES,
        chat(max_completion_tokens=77),
        lambda out: out["max_tokens"] == 77,
    ),
    Cell("no token limit", TO_MESSAGES, chat(), lambda out: out["max_tokens"] >= 1_024),
    Cell(
        "user of 150 characters",
        TO_MESSAGES,
        chat(user=LONG_USER),
        lambda out: (
            len(out["metadata"]["user_id"]) <= 64
            and out["metadata"]["user_id"].replace("_", "").isalnum()
        ),
        fitted=("user->digest",),
        litellm="passes it on",
    ),
    Cell(
        "user of an address",
        TO_MESSAGES,
        chat(user="ann@example.org"),
        lambda out: "ann" not in out["metadata"]["user_id"],
        fitted=("user->digest",),
        litellm="leaves an address out",
    ),
    Cell(
        "tool_choice function, not parallel",
        TO_MESSAGES,
        chat(
            tools=[function()],
            parallel_tool_calls=False,
            tool_choice={"type": "function", "function": {"name": "weather"}},
        ),
        lambda out: (
            out["tool_choice"]
            == {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}
        ),
    ),
    Cell(
        "tool_choice none",
        TO_MESSAGES,
        chat(tools=[function()], tool_choice="none"),
        lambda out: out["tool_choice"] == {"type": "none"},
    ),
    Cell(
        "parameters without a type",
        TO_MESSAGES,
        chat(tools=[function({"properties": {}})]),
        lambda out: out["tools"][0]["input_schema"] == {"type": "object", "properties": {}},
    ),
    Cell(
        "a tool without parameters",
        TO_MESSAGES,
        chat(tools=[function(None)]),
        lambda out: out["tools"][0]["input_schema"]["type"] == "object",
    ),
    Cell(
        "white-space text beside a call",
        TO_MESSAGES,
        chat(USER, called("t1", content="\n\n"), given("t1"), tools=[function()]),
        lambda out: [one["type"] for one in blocks(out, -2)] == ["tool_use"],
    ),
    Cell(
        "white-space system prompt",
        TO_MESSAGES,
        chat({"role": "system", "content": " "}, USER),
        lambda out: not system(out).strip(),
    ),
    Cell(
        "empty user text",
        TO_MESSAGES,
        chat(user(text(""), text("x"))),
        lambda out: [one["text"] for one in blocks(out)] == ["x"],
        litellm="says a word of its own for the empty one",
    ),
    Cell(
        "system messages alone",
        TO_MESSAGES,
        chat({"role": "system", "content": "Say hi."}),
        lambda out: out["messages"][0]["role"] == "user" and "Say hi." in words(told(out)),
        fitted=("system->user",),
        litellm="refuses it",
    ),
    Cell(
        "a begun answer that ends in a space",
        TO_MESSAGES,
        chat(USER, {"role": "assistant", "content": "It is "}),
        lambda out: words(told(out)) == "It is",
    ),
    Cell(
        "audio part",
        TO_MESSAGES,
        chat(user({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}})),
        refused="input_audio",
        litellm="leaves it out, and asks nothing at all",
    ),
    Cell(
        "temperature 1.7",
        TO_MESSAGES,
        chat(temperature=1.7),
        lambda out: out["temperature"] == 1.0,
        fitted=("temperature<=1",),
        litellm="sends it, which is refused",
    ),
    Cell(
        "broken arguments in history",
        TO_MESSAGES,
        chat(USER, called("t1", arguments='{"city": "Be'), given("t1"), tools=[function()]),
        lambda out: isinstance(blocks(out, -2)[0]["input"], dict),
        litellm="refuses it",
    ),
    Cell(
        "reasoning_effort",
        TO_MESSAGES,
        chat(reasoning_effort="high"),
        lambda out: (
            out["output_config"] == {"effort": "high"}
            and out["thinking"] == {"type": "adaptive"}
            and out["max_tokens"] > 4_096
        ),
        fitted=("reasoning_effort->output_config.effort",),
        litellm="counts a budget in tokens",
    ),
    Cell(
        "reasoning_effort where a tool must be called",
        TO_MESSAGES,
        chat(reasoning_effort="low", tools=[function()], tool_choice="required"),
        lambda out: "thinking" not in out and out["output_config"] == {"effort": "low"},
        fitted=("reasoning_effort->output_config.effort",),
        litellm="thinks where a tool is forced, which is refused",
    ),
    Cell(
        "reasoning_effort with a temperature",
        TO_MESSAGES,
        chat(reasoning_effort="high", temperature=0.2),
        lambda out: "temperature" not in out,
        fitted=("reasoning_effort->output_config.effort", "-temperature"),
        litellm="sends both, which is refused",
    ),
    Cell("several answers", TO_MESSAGES, chat(n=3), refused="n must be 1"),
    Cell(
        "log-probabilities",
        TO_MESSAGES,
        chat(logprobs=True, top_logprobs=3),
        lambda out: "logprobs" not in out,
        fitted=("-logprobs", "-top_logprobs"),
        litellm="refuses it",
    ),
    Cell(
        "fields that ask for nothing",
        TO_MESSAGES,
        chat(n=1, logprobs=False, store=None, frequency_penalty=0, metadata={}),
        litellm="refuses a field whatever it says",
    ),
    Cell(
        "a field of next year",
        TO_MESSAGES,
        chat(telepathy=True),
        lambda out: "telepathy" not in out,
        fitted=("-telepathy",),
        litellm="passes on what it does not know",
    ),
]
