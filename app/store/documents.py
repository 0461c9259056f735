"""JSON as it is stored: documents that the store hands on without reading into them."""

from typing import Any, TypeAlias

# `Any`, because what is in them is not the store's: requests and answers are documents of other
# people's programs; state of monitors, figures and evidence are read by `tierwatch.evaluation`,
# which wrote them.
Json: TypeAlias = dict[str, Any]
JsonList: TypeAlias = list[Any]
# A document or any part of one.
JsonValue: TypeAlias = Any
