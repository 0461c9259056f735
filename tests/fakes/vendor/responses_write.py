"""Responses: the answer, whole and streamed."""

import json
from typing import Any

from fakes.vendor.asked import Asked, digest
from fakes.vendor.chat_write import pieces
from fakes.vendor.script import Answer
from fakes.vendor.seals import Seals


def usage(answer: Answer) -> dict[str, Any]:
    return {
        "input_tokens": answer.prompt,
        "input_tokens_details": {"cached_tokens": answer.cached, "cache_write_tokens": 0},
        "output_tokens": answer.completion,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": answer.prompt + answer.completion,
    }


def items(asked: Asked, answer: Answer, seals: Seals, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of the output."""
    named = digest(f"{asked.said!r}")
    told: list[dict[str, Any]] = []
    include = body.get("include") or ()
    if answer.thinking:
        summed = (body.get("reasoning") or {}).get("summary")
        summary = [{"type": "summary_text", "text": answer.thinking}] if summed else []
        item: dict[str, Any] = {"id": f"rs_{named}", "type": "reasoning", "summary": summary}
        if "reasoning.encrypted_content" in include:
            item["encrypted_content"] = seals.hide(answer.thinking)
        told.append(item)
    if answer.text:
        part: dict[str, Any] = {"type": "output_text", "text": answer.text, "annotations": []}
        if answer.end == "refusal":
            part = {"type": "refusal", "refusal": answer.text}
        elif "message.output_text.logprobs" in include:
            part["logprobs"] = [{"token": answer.text, "logprob": -0.1, "bytes": [],
                                 "top_logprobs": []}]  # fmt: skip
        status = "incomplete" if answer.end == "length" else "completed"
        told.append({"id": f"msg_{named}", "type": "message", "role": "assistant",
                     "status": status, "content": [part]})  # fmt: skip
    for call in answer.calls:
        own = digest(call.id)
        head = {"call_id": call.id, "name": call.name, "status": "completed"}
        if call.name in answer.custom:
            told.append({"id": f"ctc_{own}", "type": "custom_tool_call", **head,
                         "input": call.arguments})  # fmt: skip
            continue
        if answer.namespaces.get(call.name):
            head["namespace"] = answer.namespaces[call.name]
        told.append({"id": f"fc_{own}", "type": "function_call", **head,
                     "arguments": call.arguments})  # fmt: skip
    return told


def response(
    asked: Asked, answer: Answer, body: dict[str, Any], output: list[dict[str, Any]], *,
    status: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The response; without ``status`` as it stands at its end."""
    ended = status or ("incomplete" if answer.end == "length" else "completed")
    cut = {"reason": "max_output_tokens"} if ended == "incomplete" else None
    named = digest(json.dumps(body, sort_keys=True))
    return {
        "id": f"resp_{named}", "object": "response", "created_at": 1_790_000_000,
        "status": ended, "background": False, "error": None, "incomplete_details": cut,
        "instructions": body.get("instructions"), "max_output_tokens": None,
        "model": asked.model, "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": asked.options.get("effort"), "summary": None},
        "store": body.get("store", True), "temperature": 1.0, "top_p": 1.0,
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"), "tools": body.get("tools") or [],
        "truncation": "disabled", "usage": usage(answer) if ended != "in_progress" else None,
        "user": None, "metadata": body.get("metadata") or {},
    }  # fmt: skip


def events(asked: Asked, answer: Answer, seals: Seals, body: dict[str, Any]) -> list[bytes]:
    """The events of a stream, from first to last."""
    output = items(asked, answer, seals, body)
    begun = response(asked, answer, body, [], status="in_progress")
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(output):
        at = {"output_index": index}
        opened = {**item, "status": "in_progress"}
        if item["type"] == "message":
            opened["content"] = []
        for word in ("arguments", "input"):
            if word in item:
                opened[word] = ""
        if item["type"] == "reasoning":
            opened = {**item, "summary": []}
        told.append({"type": "response.output_item.added", **at, "item": opened})
        told += [{**one, **at, "item_id": item["id"]} for one in _inside(item)]
        told.append({"type": "response.output_item.done", **at, "item": item})
    ended = response(asked, answer, body, output)
    told.append({"type": f"response.{ended['status']}", "response": ended})
    return [event({**one, "sequence_number": place}) for place, one in enumerate(told)]


def event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def _inside(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The events between an item's beginning and its end."""
    if item["type"] == "reasoning":
        told = []
        for at, part in enumerate(item["summary"]):
            place = {"summary_index": at}
            empty = {"type": "summary_text", "text": ""}
            told.append({"type": "response.reasoning_summary_part.added", **place, "part": empty})
            told += [
                {"type": "response.reasoning_summary_text.delta", **place, "delta": piece}
                for piece in pieces(part["text"])
            ]
            said = {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
            done = {"type": "response.reasoning_summary_part.done", **place, "part": part}
            told += [said, done]
        return told
    if item["type"] == "message":
        (part,) = item["content"]
        word = "refusal" if part["type"] == "refusal" else "text"
        kind = "response.refusal" if word == "refusal" else "response.output_text"
        at = {"content_index": 0}
        more: dict[str, Any] = {} if word == "refusal" else {"logprobs": part.get("logprobs", [])}
        begun = {**part, word: ""}
        return [
            {"type": "response.content_part.added", **at, "part": begun},
            *({"type": f"{kind}.delta", **at, "delta": p, **more} for p in pieces(part[word])),
            {"type": f"{kind}.done", **at, word: part[word], **more},
            {"type": "response.content_part.done", **at, "part": part},
        ]
    kind, word = "function_call_arguments", "arguments"
    if item["type"] == "custom_tool_call":
        kind, word = "custom_tool_call_input", "input"
    return [
        *({"type": f"response.{kind}.delta", "delta": piece} for piece in pieces(item[word])),
        {"type": f"response.{kind}.done", word: item[word], "name": item["name"]},
    ]
