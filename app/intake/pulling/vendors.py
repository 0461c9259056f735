"""The table of vendors that keep calls: where each is, how it is asked, and who reads its pages."""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from tierwatch.config.watch import PullKind
from tierwatch.intake.pulling import langfuse, openai
from tierwatch.intake.pulling.pages import Pages


class Vendor(NamedTuple):
    """A vendor. Its kind is that of its export too (`files.kinds`), which reads the records.

    Attributes:
        base_url: where it is if nothing else is said.
        authorization: the header of a key and a public key.
        pages: walks over what is new.
    """

    base_url: str
    authorization: Callable[[str, str], str]
    pages: Pages


def _bearer(key: str, _public_key: str) -> str:
    return f"Bearer {key}"


def _basic(key: str, public_key: str) -> str:
    return f"Basic {base64.b64encode(f'{public_key}:{key}'.encode()).decode()}"


VENDORS: Final[Mapping[PullKind, Vendor]] = MappingProxyType(
    {
        "langfuse": Vendor("https://cloud.langfuse.com", _basic, langfuse.pages),
        "openai": Vendor("https://api.openai.com/v1", _bearer, openai.pages),
    }
)
