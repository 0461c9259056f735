"""Every value that the dashboard runs with, where it came from; read only, secrets masked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, request

from tierwatch.config import Config
from tierwatch.config.origins import ShownValue
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import stored_text, this_site

routes = Blueprint("settings", __name__)


_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Section:
    """The values of a section of the file, or of the environment.

    Attributes:
        name: of the section.
        first: what its keys are called.
        values: each with where it came from.
    """

    name: str
    first: str
    values: tuple[ShownValue, ...]

    @property
    def changed(self) -> int:
        """How many of them somebody set."""
        return sum(one.origin != "default" for one in self.values)


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Values of the file, section by section, and of the environment; those with ``asked`` in."""

    template: ClassVar[str] = "settings.html"

    path: str
    sections: tuple[Section, ...]
    asked: str


@routes.get("/settings")
def show() -> str:
    """The settings."""
    site = this_site()
    asked = stored_text(request.args.get("q", "")).strip()[:_LONGEST]
    return render(
        settings_page(site.config, site.file_values, site.environment_values, asked=asked)
    )


def settings_page(
    config: Config,
    file: Sequence[ShownValue],
    environment: Sequence[ShownValue],
    *,
    asked: str = "",
) -> SettingsPage:
    """Fill the page of settings; with ``asked``, of those that have it in their key or value."""
    names = dict.fromkeys(section_of(one.key) for one in file)
    sections = [
        Section(name, "Key", _having(asked, (one for one in file if section_of(one.key) == name)))
        for name in names
    ]
    sections.append(Section("Environment", "Variable", _having(asked, environment)))
    return SettingsPage(config.path, tuple(one for one in sections if one.values), asked)


def _having(asked: str, values: Iterable[ShownValue]) -> tuple[ShownValue, ...]:
    wanted = asked.casefold()
    return tuple(one for one in values if wanted in f"{one.key} {one.value}".casefold())


def section_of(key: str) -> str:
    """The section of the file that a key is in.

    >>> section_of("evaluation.judge.model"), section_of("notify[0].url")
    ('evaluation', 'notify')
    """
    return key.partition(".")[0].partition("[")[0]
