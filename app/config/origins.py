"""Every value that a process runs with, and where it came from; what may be secret is masked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel

from tierwatch.config.file import ConfigFile
from tierwatch.config.secrets import GatewayKey, Secret
from tierwatch.errors import ConfigError
from tierwatch.routing.config.reading.document import Document
from tierwatch.routing.config.reading.schema import accepted_keys
from tierwatch.routing.config.reading.shown import Loc, dotted, may_be_secret
from tierwatch.routing.config.reading.yaml_file import read_document
from tierwatch.settings import Settings, read_settings, variable

HIDDEN: Final = "(hidden)"
_DEFAULT: Final = "default"
_NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class ShownValue:
    """One value: its key or variable, the value as it may be shown, where it came from."""

    key: str
    value: str
    origin: str


def environment_values(environ: Mapping[str, str]) -> tuple[ShownValue, ...]:
    """Every ``TIERWATCH_*`` setting as this process has it; of a secret only whether it is set.

    Raises:
        SettingsError: the environment is not accepted.
    """
    known = {variable(one.name): "" for one in fields(Settings)}
    settings = read_settings({name: environ[name] for name in known if name in environ})
    return tuple(
        ShownValue(
            key=variable(one.name),
            value=_setting(getattr(settings, one.name), secret=one.metadata["secret"]),
            origin="environment" if variable(one.name) in environ else _DEFAULT,
        )
        for one in fields(Settings)
    )


def file_values(path: str) -> tuple[ShownValue, ...]:
    """Every value of a tierwatch.yaml, each with its line or as a default.

    Raises:
        ConfigError: the file is not accepted.
    """
    document = read_document(path)
    file, problems = document.check(ConfigFile)
    if file is None:
        raise ConfigError([problem.sentence for problem in problems])
    return tuple(_values(document, file, ()))


def _values(document: Document, section: BaseModel, above: Loc) -> Iterator[ShownValue]:
    named = {
        str(one.validation_alias or name): name for name, one in type(section).model_fields.items()
    }
    for key in accepted_keys(type(section)):
        yield from _value(document, getattr(section, named[key]), (*above, key))


def _value(document: Document, value: object, loc: Loc) -> Iterator[ShownValue]:
    if isinstance(value, BaseModel):
        yield from _values(document, value, loc)
    elif isinstance(value, Mapping) and any(isinstance(one, BaseModel) for one in value.values()):
        for name, one in value.items():
            yield from _value(document, one, (*loc, name))
    elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
        for number, one in enumerate(value):
            yield from _value(document, one, (*loc, number))
    else:
        line = document.lines.get(loc)
        # As the person wrote it, where somebody did: `60s` is read as 60.
        written = value if line is None else _at(document.data, loc)
        origin = _DEFAULT if line is None else f"line {line}"
        yield ShownValue(dotted(loc), masked(written, url=loc[-1] == "url"), origin)


def _at(data: Any, loc: Loc) -> Any:
    """The part of a document at a path that is known to be there."""
    for part in loc:
        data = data[part]
    return data


def masked(value: object, *, url: bool = False) -> str:  # noqa: PLR0911 - one return for each form
    """A value as it may be shown.

    Args:
        value: any of a configuration, read or as it was written.
        url: whether it is an address that may itself be a secret, as that of a webhook.

    >>> masked(0.05), masked(True), masked(None), masked(())
    ('0.05', 'true', 'none', 'none')
    >>> masked({"simple": 0.05, "standard": 0.1})
    'simple: 0.05, standard: 0.1'
    >>> masked("https://ada:pass@lab.example/v1?token=x"), masked("https://a.b/T0/x", url=True)
    ('https://(hidden)@lab.example/v1?(hidden)', '(hidden)')
    >>> masked("env:HOOK", url=True), masked("sk-live-abcdef")
    ('env:HOOK', '(hidden)')
    """
    if value is None or value in ("", (), []) or value == {}:
        return _NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Secret):
        return value.written
    if isinstance(value, GatewayKey):
        return f"{value.name} {value.key.written}".strip()
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {masked(one, url=url)}" for name, one in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(masked(one, url=url) for one in value)
    if isinstance(value, float):
        return f"{value:g}"
    return _text(str(value), url=url)


def _text(text: str, *, url: bool) -> str:
    if text.startswith(("env:", "file:/")):
        return text
    if "://" in text:
        return HIDDEN if url else _address(text)
    return HIDDEN if url or may_be_secret(text) else text


def _address(text: str) -> str:
    """An address without what may be secret in it: its user, and its query."""
    parts = urlsplit(text)
    user, at, host = parts.netloc.rpartition("@")
    shown = f"{parts.scheme}://{HIDDEN if user else ''}{at}{host}"
    path = HIDDEN if may_be_secret(parts.path) else parts.path
    return f"{shown}{path}{f'?{HIDDEN}' if parts.query or parts.fragment else ''}"


def _setting(value: object, *, secret: bool) -> str:
    if secret:
        return f"set {HIDDEN}" if value else "not set"
    return masked(value)
