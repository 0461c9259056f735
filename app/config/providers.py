"""``providers``: where models are served."""

from typing import Annotated, Any

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import SecretName
from tierwatch.config.urls import read_url
from tierwatch.routing.config.providers import VENDOR_URLS, Kind
from tierwatch.routing.config.reading.fields import Count, Seconds, Section


class ProviderConfig(Section):
    """One provider of models under ``providers``."""

    kind: Kind = Field(
        description="The wire it speaks; openai for every server that is compatible with it."
    )
    base_url: Annotated[str, PlainValidator(read_url)] = Field(
        default="", description="Where it is. Default: the vendor's own address for the kind."
    )
    api_key: SecretName | None = Field(
        default=None, description="`env:NAME`; never the key itself."
    )
    proxy: SecretName | None = Field(
        default=None,
        description="`env:NAME` of a variable that holds the address of an HTTP proxy, as"
        " `http://user:password@host:3128`; calls go through it. Default: none.",
    )
    timeout_s: Seconds = Field(
        default=60.0,
        validation_alias="timeout",
        description="How long a call may stay silent before it counts as failed. The gateway ends a"
        " stream then; a whole answer may take until `gateway.deadline`.",
    )
    max_concurrency: Count = Field(
        default=64, description="Calls in flight at once, for each process."
    )

    def model_post_init(self, _context: Any, /) -> None:
        """Fill in the vendor's address where none is given."""
        if not self.base_url:
            object.__setattr__(self, "base_url", VENDOR_URLS[self.kind])
