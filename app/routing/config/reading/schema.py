"""What a model accepts, asked by the path of a key: for the sentence about an unknown one."""

import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def accepted_keys(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a section, as they are written in the file."""
    return {
        str(field.validation_alias or name): field for name, field in section.model_fields.items()
    }


def section_at(section: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The model that reads the mapping at ``path`` below ``section``."""
    annotation: Any = section
    for part in path:
        annotation = _step(annotation, part)
    return next(iter(_models_in(annotation)))


def _step(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return accepted_keys(annotation)[str(part)].annotation
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is tuple:
        return arguments[0]
    if typing.get_origin(annotation) is Mapping:
        return arguments[1]
    return _step(next(argument for argument in arguments if _models_in(argument)), part)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]
