"""Markdown of models and users as markup that can do nothing but be read."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

# What comes out: no element that loads, runs, styles or sends anything.
TAGS: Final = frozenset(
    {
        "a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "s", "strong",
        "table", "tbody", "td", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {"a": frozenset({"href"})}
SCHEMES: Final = frozenset({"http", "https", "mailto"})
# An opened page knows nothing of ours, and learns nothing of where its reader came from.
LINK_REL: Final = "noopener noreferrer nofollow"

# "[" without end takes markdown-it-py 4.3 quadratic time: 0.2 s at this length, 1.2 s at 20,000.
LONGEST: Final = 8_000

_CLEANER: Final = nh3.Cleaner(
    tags=set(TAGS),
    # nh3 allows lang and title on everything unless "*" says otherwise, whatever else is listed.
    attributes={"*": set(), **{tag: set(names) for tag, names in ATTRIBUTES.items()}},
    url_schemes=set(SCHEMES),
    # "/logout" in somebody's answer would lead into this dashboard.
    url_relative="deny",
    link_rel=LINK_REL,
)


def markdown(text: str) -> Markup:
    r"""A text read as Markdown, up to `LONGEST` characters of it.

    HTML in it is shown as it was written. An image is named with its address and never fetched; a
    heading becomes a bold line, for the page has headings of its own.

    >>> markdown("**2** <b>x</b>")
    Markup('<p><strong>2</strong> &lt;b&gt;x&lt;/b&gt;</p>\n')
    >>> markdown("[a](javascript:alert(1)) ![b](https://evil.example/pixel.png)")
    Markup('<p>[a](javascript:alert(1)) [image: b, https://evil.example/pixel.png]</p>\n')
    """
    return Markup(_CLEANER.clean(_READER.render(text[:LONGEST])))  # noqa: S704 - cleaned


def _reader() -> MarkdownIt:
    # No HTML and no typographic changes: what is compared are letters, not a typesetter's quotes.
    reader = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
    for name, rule in (
        ("image", _image),
        ("heading_open", _heading_open),
        ("heading_close", _heading_close),
    ):
        reader.add_render_rule(name, rule)
    return reader


def _image(
    _self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: Any
) -> str:
    token = tokens[index]
    said = ", ".join(str(part) for part in (token.content, token.attrGet("src")) if part)
    return str(escape(f"[image: {said}]"))


def _heading_open(*_: Any) -> str:
    return "<p><strong>"


def _heading_close(*_: Any) -> str:
    return "</strong></p>\n"


_READER: Final = _reader()
