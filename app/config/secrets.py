"""How a secret stands in tierwatch.yaml: by the name of an environment variable, never itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainValidator

from tierwatch.errors import SettingsError
from tierwatch.routing.config.reading.document import not_accepted

_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


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
                f"{self.variable}: found nothing; accepted the secret that tierwatch.yaml names"
                f" by env:{self.variable}"
            )
        return value


def read_secret(value: object) -> Secret:
    """The variable that ``env:NAME`` names."""
    if isinstance(value, Secret):
        return value
    match = _ENV.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise not_accepted("env:NAME, the environment variable that holds it; never the secret")
    return Secret(match[1])


SecretName = Annotated[Secret, PlainValidator(read_secret)]
