"""``alerts``: how people are notified of alerts, and what tierwatch says when data stops."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import Secret
from tierwatch.config.urls import read_url_or_secret
from tierwatch.routing.config.reading.document import not_accepted
from tierwatch.routing.config.reading.fields import Section, read_seconds, yaml_off

# Shorter than the pauses of an outage, a limit would fail what one restart would have brought.
_LEAST_GIVE_UP_S = 3_600.0
# Reminders more often than this are noise.
_LEAST_REPEAT_S = 60.0
# The rule needs fifteen minutes with traffic in the same stretch of another day.
_LEAST_NO_DATA_S = 900.0
_LEAST_HEARTBEAT_S = 10.0


def _at_least(low: float, such: str) -> PlainValidator:
    """A validator for durations from ``low`` seconds."""

    def read_at_least(value: object) -> float:
        try:
            seconds = read_seconds(value)
        except ValueError:
            seconds = 0.0
        if seconds < low:
            raise not_accepted(such)
        return seconds

    return PlainValidator(read_at_least)


def _at_least_or_off(low: float, such: str) -> PlainValidator:
    """A validator for durations from ``low`` seconds, or off."""

    def read_at_least_or_off(value: object) -> float | Literal["off"]:
        if yaml_off(value) == "off":
            return "off"
        try:
            seconds = read_seconds(value)
        except ValueError:
            seconds = 0.0
        if seconds < low:
            raise not_accepted(such)
        return seconds

    return PlainValidator(read_at_least_or_off)


class HeartbeatConfig(Section):
    """A place that is to hear from tierwatch regularly, under ``alerts.heartbeat``."""

    url: Annotated[str | Secret, PlainValidator(read_url_or_secret)] = Field(
        description="Posted to while the scheduled steps run; a URL, or `env:NAME`."
    )
    every_s: Annotated[
        float, _at_least(_LEAST_HEARTBEAT_S, "a duration of 10s or more, such as 1m")
    ] = Field(default=60.0, validation_alias="every", description="Time between two posts.")

    def target(self, environ: Mapping[str, str]) -> str:
        """The URL to post to.

        Raises:
            SettingsError: the URL's variable is not set.
        """
        return self.url.reveal(environ) if isinstance(self.url, Secret) else self.url


class AlertsConfig(Section):
    """The ``alerts`` section."""

    repeat_s: Annotated[
        float | Literal["off"],
        _at_least_or_off(_LEAST_REPEAT_S, "a duration of 1m or more, such as 4h, or off"),
    ] = Field(
        default=14_400.0,
        validation_alias="repeat",
        description="Time after which people are notified again of an alert that is open and that"
        " nobody has acknowledged; off never repeats.",
    )
    give_up_s: Annotated[
        float, _at_least(_LEAST_GIVE_UP_S, "a duration of 1h or more, such as 7d")
    ] = Field(
        default=604_800.0,
        validation_alias="give_up",
        description="Age at which an event that no try has delivered fails; until then it is tried"
        " again, with pauses of up to 15 minutes.",
    )
    no_data_s: Annotated[
        float | Literal["off"],
        _at_least_or_off(_LEAST_NO_DATA_S, "a duration of 15m or more, such as 30m, or off"),
    ] = Field(
        default=900.0,
        validation_alias="no_data",
        description="Silence after which an alert says that traffic has stopped, where the same"
        " time of other days had traffic; off says nothing.",
    )
    heartbeat: HeartbeatConfig | None = Field(
        default=None,
        description="Posted to at an interval while everything that watches runs; a service that"
        " notices its absence can then alert where tierwatch cannot.",
    )
