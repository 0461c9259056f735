"""How a secret stands in tierwatch.yaml: by the variable or file that holds it, never itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator

from tierwatch.errors import SettingsError
from tierwatch.routing.config.reading.document import not_accepted

_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
# As orchestrators mount secrets. Relative ones would depend on where a process was started.
_FILE = re.compile(r"file:(/[^\x00\n]+)")
_LARGEST = 65_536
# A label of Prometheus, and short enough to stand in a table.
_KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is: an environment variable, or a file; never the secret itself.

    Attributes:
        variable: its name; empty where a file holds the secret.
        path: of that file.
    """

    variable: str = ""
    path: str = ""

    @property
    def place(self) -> str:
        """The variable or the file, as messages name it."""
        return self.variable or self.path

    @property
    def written(self) -> str:
        """As it stands in the file."""
        return f"env:{self.variable}" if self.variable else f"file:{self.path}"

    def reveal(self, environ: Mapping[str, str]) -> str:
        """The secret, without the white space around it.

        Raises:
            SettingsError: the variable is not set or empty, or the file cannot be read or is.
        """
        value = environ.get(self.variable, "") if self.variable else self._in_file()
        if not value.strip():
            raise SettingsError(
                f"{self.place}: found nothing; accepted the secret that the configuration names"
                f" by {self.written}"
            )
        return value.strip()

    def _in_file(self) -> str:
        try:
            return Path(self.path).read_bytes()[:_LARGEST].decode("utf-8", "surrogateescape")
        except OSError as problem:
            raise SettingsError(
                f"{self.path}: {problem.strerror or type(problem).__name__}; accepted a file that"
                f" holds the secret, as the configuration names it by {self.written}"
            ) from None


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key that callers of the gateway show.

    Attributes:
        name: what its requests are counted under; empty for none.
        key: the secret.
    """

    name: str
    key: Secret


def read_secret(value: object) -> Secret:
    """The variable that ``env:NAME`` names, or the file that ``file:/PATH`` does."""
    if isinstance(value, Secret):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if in_file := _FILE.fullmatch(text):
        return Secret(path=in_file[1])
    match = _ENV.fullmatch(text)
    if match is None:
        raise not_accepted("env:NAME, the variable that holds it, or file:/PATH; never the secret")
    return Secret(match[1])


def read_gateway_key(value: object) -> GatewayKey:
    """A key of the gateway: ``env:NAME``, or ``{name: team-a, key: env:NAME}``."""
    if isinstance(value, GatewayKey):
        return value
    if not isinstance(value, Mapping):
        return GatewayKey("", read_secret(value))
    name = value.get("name")
    if set(value) != {"name", "key"} or not isinstance(name, str) or not _KEY_NAME.fullmatch(name):
        raise not_accepted(
            "env:NAME, or {name: team-a, key: env:NAME} whose name has 1 to 40 letters, digits,"
            " dots, hyphens or underscores"
        )
    return GatewayKey(name, read_secret(value["key"]))


SecretName = Annotated[Secret, PlainValidator(read_secret)]
NamedKey = Annotated[GatewayKey, PlainValidator(read_gateway_key)]
