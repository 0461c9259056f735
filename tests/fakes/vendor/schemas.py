"""Schemas: what the vendors refuse in them, and values that satisfy them."""

from collections.abc import Mapping
from typing import Any

from fakes.vendor.refusals import require

# What Anthropic's structured output does not take, by the type it stands at.
_NOT_AT_ANTHROPIC = {
    "integer": {"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"},
    "number": {"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"},
    "string": {"minLength", "maxLength"},
    "array": {"maxItems", "uniqueItems"},
}
_SAMPLES: Mapping[str, Any] = {
    "string": "word", "integer": 7, "number": 7.5, "boolean": True, "null": None,
}  # fmt: skip


def check_openai(schema: Any, of: str, *, strict: bool, param: str) -> None:
    """OpenAI's rules for a function's parameters or a format's schema."""
    require(isinstance(schema, Mapping), f"Invalid schema for {of}: no object.", param=param)
    about = {"param": param, "code": "invalid_function_parameters"}
    require(
        schema.get("type") == "object" or (strict and "anyOf" in schema),
        f"Invalid schema for {of}: schema must be a JSON Schema of 'type: \"object\"', got "
        f"'type: \"{schema.get('type')}\"'.",
        **about,
    )
    require(
        "properties" in schema or not (schema.keys() <= {"type", "description", "$schema"}),
        f"Invalid schema for {of}: In context=(), object schema missing properties.",
        **about,
    )
    if not strict:
        return
    for place, part in _objects(schema):
        require(
            part.get("additionalProperties") is False,
            f"Invalid schema for {of}: In context={place}, 'additionalProperties' is required to "
            "be supplied and to be false.",
            **about,
        )
        missing = sorted(set(part.get("properties", {})) - set(part.get("required", [])))
        require(
            not missing,
            f"Invalid schema for {of}: In context={place}, 'required' is required to be supplied "
            f"and to be an array including every key in properties. Missing '{missing[:1]}'.",
            **about,
        )


def check_anthropic_format(schema: Any) -> None:
    """Anthropic's rules for the schema of a structured answer."""
    where = "output_config.format.schema"
    require(isinstance(schema, Mapping), f"{where}: Input should be a valid dictionary")
    for _, part in _parts(schema):
        kind = part.get("type")
        if kind == "object":
            require(
                part.get("additionalProperties") is False,
                f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to "
                "false",
            )
        for word in sorted(_NOT_AT_ANTHROPIC.get(str(kind), set()) & part.keys()):
            require(holds=False, sentence=f"{where}: For '{kind}' type, property '{word}' is not "
                    "supported")  # fmt: skip


def _objects(schema: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    return [(place, part) for place, part in _parts(schema) if part.get("type") == "object"]


def _parts(
    schema: Mapping[str, Any], place: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The schema and every schema inside it."""
    found = [(place, schema)]
    inner: list[tuple[str, Any]] = []
    for word in ("properties", "$defs", "definitions"):
        inner += list((schema.get(word) or {}).items())
    inner += [("items", schema.get("items"))]
    for word in ("anyOf", "allOf", "oneOf"):
        inner += [(word, one) for one in schema.get(word) or ()]
    for name, one in inner:
        if isinstance(one, Mapping):
            found += _parts(one, (*place, name))
    return found


def sample(schema: Any, given: Mapping[str, Any], root: Any = None) -> Any:
    """A value that satisfies a schema; `given` says values of properties by their names."""
    root = schema if root is None else root
    if not isinstance(schema, Mapping):
        return "word"
    if (chosen := _chosen(schema, root)) is not None:
        return sample(chosen, given, root)
    for word in ("const", "default", "enum"):
        if word in schema:
            return schema[word][0] if word == "enum" else schema[word]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind in {"object", "array"}:
        inside = _sample_object if kind == "object" else _sample_array
        return inside(schema, given, root)
    return max(schema.get("minimum", 1), 1) if kind == "integer" else _SAMPLES[kind]


def _chosen(schema: Mapping[str, Any], root: Any) -> Any:
    """The schema that this one points at, None when it says itself what it takes."""
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return target
    return next((schema[w][0] for w in ("anyOf", "oneOf", "allOf") if schema.get(w)), None)


def _sample_array(schema: Mapping[str, Any], given: Mapping[str, Any], root: Any) -> Any:
    return [sample(schema.get("items", {}), given, root)]


def _sample_object(schema: Mapping[str, Any], given: Mapping[str, Any], root: Any) -> Any:
    wanted = schema.get("required") or ()
    return {
        name: given.get(name, sample(one, given, root))
        for name, one in (schema.get("properties") or {}).items()
        if name in wanted or name in given
    }
