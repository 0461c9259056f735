"""A template receives one dataclass: each name that it asks for is there, and each is asked for."""

import importlib
import pkgutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from dashboard.template_types import Reader
from jinja2 import meta, nodes

import tierwatch.dashboard
from tierwatch.config import Config
from tierwatch.dashboard import build_dashboard
from tierwatch.dashboard.frame import Frame

TEMPLATES = Path(tierwatch.dashboard.__file__).parent / "templates"
# Around every page, macros of several, and parts of the pages of the judge, of review and of a
# proposal.
NO_PAGES = {
    "frame.html", "parts.html", "charts.html", "standing.html", "agreement.html",
    "proposal_replacement.html", "proposal_replacement_types.html", "said.html", "first_run.html",
    "router_change.html",
}  # fmt: skip
# What Flask, its CSRF protection and `dashboard.application` give to all of them.
GIVEN = {
    "page", "frame", "parts", "texts", "charts", "asset", "NOT_ENOUGH", "interval", "url_for",
    "request", "csrf_token", "dict", "get_flashed_messages", "namespace",
}  # fmt: skip

# A dashboard that only shows: nothing is asked of its database.
NOBODY: Any = None


def _pages() -> Iterator[type]:
    walked = pkgutil.walk_packages(tierwatch.dashboard.__path__, "tierwatch.dashboard.")
    for module in walked:
        for found in vars(importlib.import_module(module.name)).values():
            ours = isinstance(found, type) and found.__module__ == module.name
            if ours and is_dataclass(found) and "template" in vars(found):
                yield found


PAGES = {page.template: page for page in _pages()}  # type: ignore[attr-defined]


def test_each_template_is_one_pages() -> None:
    assert len(PAGES) == len(list(_pages()))
    assert {file.name for file in TEMPLATES.glob("*.html")} == {*PAGES} | NO_PAGES


@pytest.mark.parametrize("template", sorted(PAGES))
def test_every_name_in_a_template_is_there(template: str, config: Config) -> None:
    reader = Reader(TEMPLATES)
    reader.read(template, {"page": PAGES[template], "frame": Frame})
    assert reader.wrong == []
    # Of the application, so that a filter that is not there is found as well.
    app = build_dashboard(config=config, engine=NOBODY, secret_key="s" * 32, clock=time.time)
    tree = app.jinja_env.parse((TEMPLATES / template).read_text())
    own = {macro.name for macro in tree.find_all(nodes.Macro)}
    assert meta.find_undeclared_variables(tree) - own <= GIVEN


@pytest.mark.parametrize("template", sorted(PAGES))
def test_everything_on_a_page_is_shown(template: str) -> None:
    page = PAGES[template]
    reader = Reader(TEMPLATES)
    reader.read(template, {"page": page, "frame": Frame})
    shown = {name for owner, name in reader.seen if owner is page}
    assert {one.name for one in fields(page)} - shown == set()


def test_the_frame_asks_for_what_is_there() -> None:
    reader = Reader(TEMPLATES)
    reader.read("frame.html", {"frame": Frame})
    assert reader.wrong == []
    shown = {name for owner, name in reader.seen if owner is Frame}
    assert shown == {one.name for one in fields(Frame)}


NO_NAM = "_Line has no nam"


@dataclass(frozen=True)
class _Line:
    name: str


@dataclass(frozen=True)
class _Page:
    template: ClassVar[str] = "page.html"

    lines: tuple[_Line, ...]
    by_name: dict[str, _Line]
    first: _Line | None

    @property
    def last(self) -> _Line:
        return self.lines[-1]

    def line(self, number: int) -> _Line:
        return self.lines[number]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{{ page.lines }} {{ page.first.name }}", []),
        ("{{ page.line }}{{ page.liens }}", ["_Page has no liens"]),
        ("{% if page.first and page.first.nam %}{% endif %}", [NO_NAM]),
        ("{% for one in page.lines %}{{ one.name | upper }}{{ one.nam }}{% endfor %}", [NO_NAM]),
        ("{% for one in page.lines[:2] if one.nam %}{% else %}{{ page.x }}{% endfor %}",
         [NO_NAM, "_Page has no x"]),
        ("{% for key, one in page.by_name.items() %}{{ one.nam }}{% endfor %}", [NO_NAM]),
        ("{% for key, one in page.by_name | dictsort %}{{ one.nam }}{% endfor %}", [NO_NAM]),
        ("{{ page.by_name['a'].nam }}{{ page.lines[0].name }}", [NO_NAM]),
        ("{{ page.last.nam }}{{ page.line(1).nam }}", [NO_NAM, NO_NAM]),
        ("{% set p = page %}{{ p.x }}{{ (p.y ~ 1) if p.z is none else 2 }}",
         ["_Page has no x", "_Page has no y", "_Page has no z"]),
        ("{% macro show(a, b=none) %}{{ a.nam }}{{ b.x }}{% endmacro %}{{ show(page.last, page) }}",
         [NO_NAM, "_Page has no x"]),
        ("{{ other.anything }}{{ page.lines.anything }}", []),
    ],
)  # fmt: skip
def test_the_reader_finds_wrong_names(tmp_path: Path, text: str, wrong: list[str]) -> None:
    (tmp_path / "page.html").write_text(text)
    reader = Reader(tmp_path)
    reader.read("page.html", {"page": _Page})
    assert sorted(one.split(": ", 1)[1] for one in reader.wrong) == sorted(wrong)


def test_the_reader_follows_includes_and_imports(tmp_path: Path) -> None:
    (tmp_path / "parts.html").write_text("{% macro show(it) %}{{ it.nam }}{% endmacro %}")
    (tmp_path / "frame.html").write_text(
        '{% import "parts.html" as parts %}{% block main %}{% endblock %}'
    )
    (tmp_path / "inner.html").write_text("\n{{ page.x }}")
    (tmp_path / "page.html").write_text(
        '{% extends "frame.html" %}{% block main %}{{ parts.show(page.first) }}'
        '{% include "inner.html" %}{% endblock %}'
    )
    reader = Reader(tmp_path)
    reader.read("page.html", {"page": _Page})
    assert reader.wrong == ["parts.html:1: _Line has no nam", "inner.html:2: _Page has no x"]


def test_every_page_is_frozen_and_says_what_it_is() -> None:
    for page in PAGES.values():
        settings: Any = page.__dataclass_params__  # type: ignore[attr-defined]
        assert settings.frozen, page
        assert page.__doc__, page
