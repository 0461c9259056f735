"""``notify``: where alerts are sent, beside the log."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import Secret, SecretName
from tierwatch.config.urls import read_url_or_secret
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Section

# The destination that is always there.
LOG = "log"


class WebhookConfig(Section):
    """One place that alerts are sent to, under ``notify``."""

    kind: Literal["webhook"] = Field(
        default="webhook", description="An HTTP POST with a JSON body."
    )
    name: Name | None = Field(
        default=None,
        description="What pages call it, and what its deliveries are kept by; `webhook 1` and so on"
        " without one, by its place in the list.",
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


def destination_names(hooks: Sequence[WebhookConfig]) -> list[str]:
    """What each destination is called."""
    return [hook.name or f"{hook.kind} {number}" for number, hook in enumerate(hooks, start=1)]


def notify_problems(document: Document, hooks: Sequence[WebhookConfig]) -> list[Problem]:
    """Destinations of one name: what waits for the one would be sent to the other."""
    taken, problems = {LOG}, []
    for number, name in enumerate(destination_names(hooks)):
        if name in taken:
            at = ("notify", number, "name")
            problems.append(document.problem(at, f"{name!r} twice", "a name of its own"))
        taken.add(name)
    return problems
