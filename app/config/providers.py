"""``providers``: where models are served."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import SecretName
from tierwatch.config.urls import read_url
from tierwatch.routing.config.providers import VENDOR_URLS, Kind
from tierwatch.routing.config.reading.document import Document, Problem
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
    responses: bool | None = Field(
        default=None,
        description="Whether a provider of kind openai takes `/v1/responses` too. Callers there are"
        " then passed through, and translated where it does not. Default: true at OpenAI's own"
        " address only.",
    )
    max_concurrency: Count = Field(
        default=64, description="Calls in flight at once, for each process."
    )

    def model_post_init(self, _context: Any, /) -> None:
        """Fill in the vendor's address where none is given."""
        if not self.base_url:
            object.__setattr__(self, "base_url", VENDOR_URLS[self.kind])

    @property
    def wires(self) -> tuple[str, ...]:
        """The wires it speaks, its kind first."""
        own = self.kind == "openai" and self.base_url.rstrip("/") == VENDOR_URLS["openai"]
        speaks = own if self.responses is None else self.responses
        return (self.kind, "responses") if speaks else (self.kind,)


def provider_problems(document: Document, providers: Mapping[str, ProviderConfig]) -> list[Problem]:
    """A provider that is said to speak what nothing of its kind does."""
    return [
        document.problem(
            ("providers", name, "responses"),
            f"true at a provider of kind {provider.kind}",
            "true where the kind is openai",
        )
        for name, provider in providers.items()
        if provider.responses and provider.kind != "openai"
    ]
