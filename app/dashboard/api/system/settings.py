"""Every value that the dashboard runs with, and where it came from."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.config.origins import ShownValue
from tierwatch.dashboard.api.route import Route
from tierwatch.dashboard.site import this_site


@dataclass(frozen=True, slots=True)
class SettingsAnswer:
    """Values of the file and of the environment; those that may be secret are masked."""

    path: str
    file: list[ShownValue]
    environment: list[ShownValue]


def _settings(_connection: Connection) -> SettingsAnswer:
    site = this_site()
    return SettingsAnswer(site.config.path, list(site.file_values), list(site.environment_values))


ROUTES = (
    Route(
        "GET",
        "/settings",
        "What the dashboard runs with, secrets masked.",
        SettingsAnswer,
        _settings,
    ),
)
