"""The cells of requests: what holds of Messages on OpenAI's wire."""

import json

from factories.wire_cells import (
    LONG_USER,
    MARK,
    OPTIONAL,
    PDF,
    PNG,
    SCHEMA,
    TO_CHAT,
    USER,
    Cell,
    exchange,
    messages,
    result,
    source,
    text,
    told,
    tool,
    user,
    words,
)

TO_OPENAI = [
    Cell(
        "system array with marks",
        TO_CHAT,
        messages(system=[text("Be kind."), text("Be brief.", **MARK)]),
        lambda out: "Be kind." in words(told(out, 0)) and "Be brief." in words(told(out, 0)),
        fitted=("-cache_control",),
    ),
    Cell(
        "what Claude Code says to its vendor alone",
        TO_CHAT,
        messages(
            system=[text("x-anthropic-billing-header: cc_version=2; cch=1a2b;"), text("Be kind.")]
        ),
        lambda out: words(told(out, 0)) == "Be kind.",
        fitted=("-x-anthropic-billing-header",),
        litellm="passes it on",
    ),
    Cell(
        "system turn inside messages",
        TO_CHAT,
        messages(USER, {"role": "system", "content": "Be brief."}),
        lambda out: told(out) == {"role": "system", "content": "Be brief."},
        litellm="says it as the user, with a note",
    ),
    Cell(
        "two results and text",
        TO_CHAT,
        messages(
            *exchange(result(), result("rain", "t2"), text("And?"), calls=("t1", "t2")),
            tools=[tool()],
        ),
        lambda out: [one["role"] for one in out["messages"][-3:]] == ["tool", "tool", "user"],
    ),
    Cell(
        "image in a tool result",
        TO_CHAT,
        messages(
            *exchange(result([text("see"), source("image", "image/png", PNG)])), tools=[tool()]
        ),
        lambda out: (
            PNG in json.dumps(out["messages"][-2:]) and "see" in json.dumps(out["messages"])
        ),
    ),
    Cell(
        "failed tool result (is_error)",
        TO_CHAT,
        messages(*exchange(result("no such city", is_error=True)), tools=[tool()]),
        lambda out: "failed" in words(told(out)) and "no such city" in words(told(out)),
        fitted=("is_error->text",),
        litellm="does not say that it failed",
    ),
    Cell(
        "image base64",
        TO_CHAT,
        messages(user(source("image", "image/png", PNG))),
        lambda out: told(out)["content"][0]["image_url"]["url"] == f"data:image/png;base64,{PNG}",
    ),
    Cell(
        "image by URL",
        TO_CHAT,
        messages(user({"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}})),
        lambda out: told(out)["content"][0]["image_url"]["url"] == "https://x.test/a.png",
    ),
    Cell(
        "image by file",
        TO_CHAT,
        messages(user({"type": "image", "source": {"type": "file", "file_id": "file_1"}})),
        refused="image",
        litellm="leaves it out in silence",
    ),
    Cell(
        "PDF base64",
        TO_CHAT,
        messages(user(source("document", "application/pdf", PDF))),
        lambda out: (
            told(out)["content"][0]["file"]["file_data"] == f"data:application/pdf;base64,{PDF}"
        ),
    ),
    Cell(
        "PDF by URL",
        TO_CHAT,
        messages(
            user({"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}})
        ),
        refused="document",
        litellm="calls it an image",
    ),
    Cell(
        "document of text",
        TO_CHAT,
        messages(
            user(
                {
                    "type": "document",
                    "title": "Notes",
                    "source": {"type": "text", "media_type": "text/plain", "data": "Bern."},
                }
            )
        ),
        lambda out: words(told(out)) == "Notes\n\nBern.",
        litellm="leaves it out in silence",
    ),
    Cell(
        "document in passages",
        TO_CHAT,
        messages(
            user({"type": "document", "source": {"type": "content", "content": [text("Bern.")]}})
        ),
        lambda out: words(told(out)) == "Bern.",
        litellm="leaves it out in silence",
    ),
    Cell(
        "search result",
        TO_CHAT,
        messages(
            user(
                {
                    "type": "search_result",
                    "source": "https://x.test",
                    "title": "Capitals",
                    "content": [text("Bern.")],
                }
            )
        ),
        lambda out: words(told(out)) == "Capitals\n\nBern.",
        litellm="leaves it out in silence",
    ),
    Cell(
        "thinking with signature in history",
        TO_CHAT,
        messages(
            *exchange(
                result(), before=({"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},)
            ),
            tools=[tool()],
        ),
        lambda out: "c2ln" not in json.dumps(out),
        fitted=("-thinking",),
        litellm="sends it under names of its own",
    ),
    Cell(
        "redacted thinking in history",
        TO_CHAT,
        messages(
            *exchange(result(), before=({"type": "redacted_thinking", "data": "c2ln"},)),
            tools=[tool()],
        ),
        lambda out: "c2ln" not in json.dumps(out),
        fitted=("-thinking",),
        litellm="sends it under names of its own",
    ),
    Cell(
        "cache_control on user text and tool",
        TO_CHAT,
        messages(user(text("x", **MARK)), tools=[tool(**MARK)]),
        lambda out: words(told(out)) == "x",
        fitted=("-cache_control", "-tools.cache_control"),
    ),
    Cell(
        "JSON schema format",
        TO_CHAT,
        messages(output_config={"format": {"type": "json_schema", "schema": SCHEMA}}),
        lambda out: (
            out["response_format"]["json_schema"]["schema"] == SCHEMA
            and out["response_format"]["json_schema"]["strict"] is True
        ),
    ),
    Cell(
        "schema with optional property",
        TO_CHAT,
        messages(output_config={"format": {"type": "json_schema", "schema": OPTIONAL}}),
        lambda out: (
            out["response_format"]["json_schema"]["schema"] == OPTIONAL
            and not out["response_format"]["json_schema"].get("strict")
        ),
        litellm="demands the property",
    ),
    Cell(
        "stop sequences",
        TO_CHAT,
        messages(stop_sequences=["END"]),
        lambda out: out["stop"] == ["END"],
    ),
    Cell(
        "max_tokens",
        TO_CHAT,
        messages(),
        lambda out: out["max_completion_tokens"] == 64_000,
        litellm="uses the older name",
    ),
    Cell(
        "metadata.user_id of 150",
        TO_CHAT,
        messages(metadata={"user_id": LONG_USER}),
        lambda out: len(out["user"]) <= 64,
        fitted=("user->digest",),
        litellm="passes it on",
    ),
    Cell(
        "tool_choice any, not parallel",
        TO_CHAT,
        messages(tools=[tool()], tool_choice={"type": "any", "disable_parallel_tool_use": True}),
        lambda out: out["tool_choice"] == "required" and out["parallel_tool_calls"] is False,
        litellm="lets it call several at once",
    ),
    Cell(
        "tool_choice tool",
        TO_CHAT,
        messages(tools=[tool()], tool_choice={"type": "tool", "name": "weather"}),
        lambda out: out["tool_choice"] == {"type": "function", "function": {"name": "weather"}},
    ),
    Cell(
        "a tool of no properties",
        TO_CHAT,
        messages(tools=[tool({"type": "object"})]),
        lambda out: (
            out["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
        ),
        litellm="passes it on, which is refused",
    ),
    Cell(
        "a deferred tool",
        TO_CHAT,
        messages(tools=[tool(defer_loading=True)]),
        lambda out: (
            out["tools"][0]["function"]["name"] == "weather"
            and "defer_loading" not in json.dumps(out)
        ),
        fitted=("-tools.defer_loading",),
        litellm="puts the mark into the schema",
    ),
    Cell(
        "tool_reference result",
        TO_CHAT,
        messages(
            *exchange(result([{"type": "tool_reference", "tool_name": "jira"}])), tools=[tool()]
        ),
        lambda out: "jira" in words(told(out)),
        litellm="says nothing in its place",
    ),
    Cell(
        "file for a container",
        TO_CHAT,
        messages(user({"type": "container_upload", "file_id": "file_1"})),
        refused="container_upload",
        litellm="leaves it out in silence",
    ),
    Cell(
        "unknown content block",
        TO_CHAT,
        messages(user(text("x"), {"type": "hologram"})),
        refused="hologram",
        litellm="leaves it out in silence",
    ),
    Cell(
        "hosted web search tool",
        TO_CHAT,
        messages(tools=[tool(), {"type": "web_search_20250305", "name": "web_search"}]),
        lambda out: len(out["tools"]) == 1,
        fitted=("-tools.web_search_20250305",),
    ),
    Cell(
        "thinking budget",
        TO_CHAT,
        messages(thinking={"type": "enabled", "budget_tokens": 8_000}),
        lambda out: out["reasoning_effort"] == "medium",
        fitted=("thinking->reasoning_effort",),
        litellm="refuses it for this model",
    ),
    Cell(
        "adaptive thinking and effort",
        TO_CHAT,
        messages(thinking={"type": "adaptive"}, output_config={"effort": "max"}),
        lambda out: out["reasoning_effort"] == "xhigh",
        fitted=("output_config.effort->reasoning_effort",),
        litellm="refuses it for this model",
    ),
    Cell(
        "adaptive thinking alone",
        TO_CHAT,
        messages(thinking={"type": "adaptive"}),
        lambda out: "thinking" not in out,
        fitted=("-thinking",),
        litellm="refuses it for this model",
    ),
    Cell(
        "top_k and an unknown field",
        TO_CHAT,
        messages(top_k=3, telepathy=True),
        lambda out: "top_k" not in out and "telepathy" not in out,
        fitted=("-top_k", "-telepathy"),
        litellm="passes them on",
    ),
    Cell(
        "context management",
        TO_CHAT,
        messages(context_management={"edits": [{"type": "x"}]}),
        lambda out: "context_management" not in out,
        fitted=("-context_management",),
    ),
    Cell(
        "a begun answer",
        TO_CHAT,
        messages(USER, {"role": "assistant", "content": "It is"}),
        lambda out: told(out) == {"role": "assistant", "content": "It is"},
        fitted=("prefill->history",),
    ),
]
