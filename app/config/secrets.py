"""How a secret stands in tierwatch.yaml: by the name of an environment variable, never itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainValidator

from tierwatch.errors import SettingsError
from tierwatch.routing.config.reading.document import not_accepted

_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
# A label of Prometheus, and short enough to stand in a table.
_KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")


@dataclass(frozen=True, slots=True)
class Secret:
    """The name of an environment variable that holds a secret; never the secret itself."""

    variable: str

    def reveal(self, environ: Mapping[str, str]) -> str:
        """The secret.

        Raises:
            SettingsError: the variable is not set, or empty.
        """
        value = environ.get(self.variable, "").strip()
        if not value:
            raise SettingsError(
                f"{self.variable}: found nothing; accepted the secret that the configuration"
                f" names by env:{self.variable}"
            )
        return value


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
    """The variable that ``env:NAME`` names."""
    if isinstance(value, Secret):
        return value
    match = _ENV.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise not_accepted("env:NAME, the environment variable that holds it; never the secret")
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
