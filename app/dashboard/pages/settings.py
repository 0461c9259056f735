"""Every value that the dashboard runs with, where it came from; read only, secrets masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint

from tierwatch.config import Config
from tierwatch.config.origins import ShownValue
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_site

routes = Blueprint("settings", __name__)


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Values of the file, section by section, and of the environment."""

    template: ClassVar[str] = "settings.html"

    path: str
    sections: tuple[tuple[str, tuple[ShownValue, ...]], ...]
    environment: tuple[ShownValue, ...]


@routes.get("/settings")
def show() -> str:
    """The settings."""
    site = this_site()
    return render(settings_page(site.config, site.file_values, site.environment_values))


def settings_page(
    config: Config, file: Sequence[ShownValue], environment: Sequence[ShownValue]
) -> SettingsPage:
    """Fill the page of settings."""
    names = dict.fromkeys(section_of(one.key) for one in file)
    return SettingsPage(
        path=config.path,
        sections=tuple(
            (name, tuple(one for one in file if section_of(one.key) == name)) for name in names
        ),
        environment=tuple(environment),
    )


def section_of(key: str) -> str:
    """The section of the file that a key is in.

    >>> section_of("evaluation.judge.model"), section_of("notify[0].url")
    ('evaluation', 'notify')
    """
    return key.partition(".")[0].partition("[")[0]
