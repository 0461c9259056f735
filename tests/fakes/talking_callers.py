"""Callers that hold a conversation through a gateway, as clients of the two wires do.

They send back what they got, whole: thinking blocks, reasoning, ids and all.
"""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.strict_providers import Said

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


class OpenAICaller:
    """Talks OpenAI's wire."""

    path = "/v1/chat/completions"

    def __init__(self, client: Any, *, stream: bool, headers: dict[str, str]) -> None:
        self._client = client
        self._stream = stream
        self._headers = headers
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}]
        self.said: list[Said] = []
        self.tier = ""

    def says(self, text: str) -> None:
        self.messages.append({"role": "user", "content": text})
        self.said.append(("user", text))

    def answers(self, results: list[tuple[str, str]]) -> None:
        for call_id, text in results:
            self.messages.append({"role": "tool", "tool_call_id": call_id, "content": text})
            self.said.append(("result", text))

    def asks(self, client: Any = None) -> list[str]:
        """Send everything, keep the answer, return the ids of its tool calls."""
        body = {"model": "auto", "messages": self.messages, "stream": self._stream, **self.extra()}
        response = (client or self._client).post(self.path, json=body, headers=self._headers)
        assert response.status_code == 200, response.text
        self.tier = response.headers["x-tierwatch-tier"]
        return self._keep(response)

    def extra(self) -> dict[str, Any]:
        function = {"name": "weather", "parameters": SCHEMA}
        return {"tools": [{"type": "function", "function": function}]}

    def _keep(self, response: Any) -> list[str]:
        if self._stream:
            message = _openai_streamed(response.text)
        else:
            message = response.json()["choices"][0]["message"]
        self.messages.append(message)
        if message.get("content"):
            self.said.append(("assistant", message["content"]))
        calls = message.get("tool_calls") or []
        for call in calls:
            function = call["function"]
            self.said.append(("call", function["name"], json.loads(function["arguments"])))
        return [call["id"] for call in calls]


class AnthropicCaller(OpenAICaller):
    """Talks Anthropic's wire, with thinking on or off."""

    path = "/v1/messages"

    def __init__(
        self, client: Any, *, stream: bool, headers: dict[str, str], thinks: bool = True
    ) -> None:
        super().__init__(client, stream=stream, headers=headers)
        self.messages = []
        self._thinks = thinks

    def answers(self, results: list[tuple[str, str]]) -> None:
        blocks = [
            {"type": "tool_result", "tool_use_id": call_id, "content": text}
            for call_id, text in results
        ]
        self.messages.append({"role": "user", "content": blocks})
        self.said += [("result", text) for _, text in results]

    def extra(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "max_tokens": 4_096,
            "system": "Be brief.",
            "tools": [{"name": "weather", "input_schema": SCHEMA}],
        }
        if self._thinks:
            fields["thinking"] = {"type": "enabled", "budget_tokens": 1_024}
        return fields

    def _keep(self, response: Any) -> list[str]:
        streamed = self._stream
        blocks = _anthropic_streamed(response.text) if streamed else response.json()["content"]
        self.messages.append({"role": "assistant", "content": blocks})
        for block in blocks:
            if block["type"] == "text":
                self.said.append(("assistant", block["text"]))
            elif block["type"] == "tool_use":
                self.said.append(("call", block["name"], block["input"]))
        return [block["id"] for block in blocks if block["type"] == "tool_use"]


def _events(text: str) -> list[dict[str, Any]]:
    lines = [line[len("data: ") :] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def _openai_streamed(text: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    calls: dict[int, dict[str, Any]] = {}
    for chunk in _events(text):
        for choice in chunk["choices"]:
            delta = choice["delta"]
            for name in ("content", "reasoning_content"):
                if delta.get(name):
                    message[name] = (message.get(name) or "") + delta[name]
            for piece in delta.get("tool_calls") or []:
                new = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
                call = calls.setdefault(piece["index"], new)
                call["id"] += piece.get("id") or ""
                for name in ("name", "arguments"):
                    call["function"][name] += piece["function"].get(name) or ""
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    return message


def _anthropic_streamed(text: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for event in _events(text):
        if event["type"] == "content_block_start":
            blocks.append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            delta, block = event["delta"], blocks[event["index"]]
            for kind, name in (("text", "text"), ("thinking", "thinking"), ("signature",) * 2):
                if delta["type"] == f"{kind}_delta":
                    block[name] += delta[name]
            if delta["type"] == "input_json_delta":
                block["written"] = block.get("written", "") + delta["partial_json"]
        elif event["type"] == "content_block_stop" and "written" in blocks[event["index"]]:
            block = blocks[event["index"]]
            block["input"] = json.loads(block.pop("written"))
    return blocks
