"""``notify``: where alerts are sent, beside the log."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import Secret, SecretName
from tierwatch.config.urls import read_url_or_secret
from tierwatch.routing.config.reading.fields import Section


class WebhookConfig(Section):
    """One place that alerts are sent to, under ``notify``."""

    kind: Literal["webhook"] = Field(
        default="webhook", description="An HTTP POST with a JSON body."
    )
    url: Annotated[str | Secret, PlainValidator(read_url_or_secret)] = Field(
        description="A URL, or `env:NAME` where the URL itself is a secret."
    )
    secret: SecretName | None = Field(
        default=None, description="Signs the body (HMAC-SHA256); `env:NAME`."
    )

    def target(self, environ: Mapping[str, str]) -> str:
        """The URL to post to.

        Raises:
            SettingsError: the URL's variable is not set.
        """
        return self.url.reveal(environ) if isinstance(self.url, Secret) else self.url
