"""What the gateway itself reads of a request on the Responses wire, checked."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.refusal import Refusal

# What a request's `model` must be, on any wire.
MODEL = "a string: `auto`, or the name of a tier or model"
# What may stand in the place of words: its provider keeps them.
_INSTEAD = ("previous_response_id", "conversation", "prompt")
_FIELDS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("instructions", (str,), "a string"),
    ("previous_response_id", (str,), "a string"),
    ("max_output_tokens", (int,), "a whole number"),
    ("text", (dict,), "an object"),
    ("reasoning", (dict,), "an object"),
    ("include", (list,), "a list of strings"),
    ("store", (bool,), "a boolean"),
    ("background", (bool,), "a boolean"),
)


def items_problem(request: Mapping[str, Any]) -> Refusal | None:
    """Why a request on this wire cannot be served; None where it can be."""
    given = request.get("input")
    if given is None or given in ("", []):
        if not any(request.get(name) for name in _INSTEAD):
            return wrong("input", "a text or a list of at least one item")
    elif isinstance(given, list):
        for index, item in enumerate(given):
            if not isinstance(item, dict):
                return wrong(f"input[{index}]", "an object")
    elif not isinstance(given, str):
        return wrong("input", "a text or a list of items")
    for name, types, accepted in _FIELDS:
        value = request.get(name)
        if value is not None and not isinstance(value, types):
            return wrong(name, accepted)
    if request.get("background"):
        return Refusal(
            400,
            "`background: true` is not served here: an answer that is fetched later is neither"
            " routed nor compared. Leave it out, and stream the answer if it takes long.",
            code="unsupported_parameter",
            param="background",
        )
    return None


def wrong(param: str, accepted: str) -> Refusal:
    """A field that has another type than it may have."""
    return Refusal(400, f"`{param}` must be {accepted}.", code="invalid_type", param=param)
