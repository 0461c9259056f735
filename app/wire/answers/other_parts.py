"""What chat completions say beside words and calls: the older call, sound, and pictures.

Other wires' answers have no field for them, and a reader of words sees none. A call in the older
field is a call, what is heard is read, and in place of a picture stands a mark of it.
"""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.json_values import mapping, objects, string

_OLDER_CALL = "function_call"
_OTHERS = (_OLDER_CALL, "audio", "images")


def with_other_parts(said: dict[str, Any]) -> dict[str, Any]:
    """A message, or a piece of one, with such parts as words and calls; the same one without any.

    >>> with_other_parts({"content": "Hm.", "audio": {"id": "a", "transcript": "Hello."}})
    {'content': 'Hm.Hello.'}
    >>> with_other_parts({"images": [{"image_url": {"url": "https://e.org/a.png"}}]})
    {'content': '[image https://e.org/a.png]'}
    """
    if not any(said.get(name) for name in _OTHERS):  # many servers name them all, as null
        return said
    out = {name: value for name, value in said.items() if name not in _OTHERS}
    call = said.get(_OLDER_CALL)
    if isinstance(call, dict) and call and not out.get("tool_calls"):
        out["tool_calls"] = [{"type": "function", "function": call}]
    words = [_heard(mapping(said.get("audio")))]
    words += [_shown(image) for image in objects(said.get("images"))]
    content = out.get("content")
    if any(words) and (content is None or isinstance(content, str)):
        out["content"] = (content or "") + "".join(words)
    return out


def answer_with_other_parts(answer: dict[str, Any]) -> dict[str, Any]:
    """A chat completion whose first choice says them so; the same one without any."""
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        return answer
    told = with_other_parts(message)
    if told is message:
        return answer
    return {**answer, "choices": [{**first, "message": told}, *answer["choices"][1:]]}


def _heard(audio: Mapping[str, Any]) -> str:
    """The words of a piece of sound; the first piece of one without words is marked."""
    if "transcript" in audio:
        return string(audio["transcript"])
    return "[audio]" if audio.get("id") else ""


def _shown(image: Mapping[str, Any]) -> str:
    address = string(mapping(image.get("image_url")).get("url"))
    return "[image]" if not address or address.startswith("data:") else f"[image {address}]"
