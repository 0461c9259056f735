"""The table of file formats, by the names of ``tierwatch import --source``. A new one is a line."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from tierwatch.intake.calls import Readings
from tierwatch.intake.files import helicone, langfuse, langsmith, openai, otlp_lines, own, portkey
from tierwatch.intake.files.lines import EachAlone, FileReader
from tierwatch.store.documents import Json


class FileKind(NamedTuple):
    """A format.

    Attributes:
        begin: a reader for one file, given the time (seconds since 1970).
        accepted: what a line of it is, in a sentence.
    """

    begin: Callable[[float], FileReader]
    accepted: str


def _each_alone(read: Callable[[Json], Readings], accepted: str) -> FileKind:
    return FileKind(lambda _now: EachAlone(read), accepted)


FILE_KINDS: Final[Mapping[str, FileKind]] = MappingProxyType(
    {
        "tierwatch": _each_alone(own.read, own.ACCEPTED),
        "openai": _each_alone(openai.read, openai.ACCEPTED),
        "openai-evals": _each_alone(openai.read_eval, openai.EVALS_ACCEPTED),
        "langfuse": _each_alone(langfuse.read, langfuse.ACCEPTED),
        "langsmith": _each_alone(langsmith.read, langsmith.ACCEPTED),
        "portkey": _each_alone(portkey.read, portkey.ACCEPTED),
        "helicone": _each_alone(helicone.read, helicone.ACCEPTED),
        "otlp": FileKind(otlp_lines.OtlpLines, otlp_lines.ACCEPTED),
    }
)
