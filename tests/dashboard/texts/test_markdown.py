import time

import pytest
from dashboard.texts.allowed import ATTACKS, not_allowed, text_of
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.texts.markdown import LONGEST, markdown

# Pieces of markup that meet in every order, between letters of any kind.
_PIECES = st.one_of(
    st.sampled_from(ATTACKS),
    st.sampled_from(
        ["<", ">", '"', "'", "`", "```", "[", "](", ")", "![", "\n", "\n\n", "> ", "- ", "1. ", "|",
         "\n|-|-|\n", "&", ";", "\\", "#", "*", "_", "~~", "javascript:", "data:", "href=", "<a ",
         "</a>", "<!--", "-->", "\t", "    "]
    ),
    st.text(max_size=8),
)  # fmt: skip
TEXTS = st.lists(_PIECES, max_size=25).map("".join)


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("", ""),
        ("plain", "<p>plain</p>\n"),
        ("*a* **b** ~~c~~", "<p><em>a</em> <strong>b</strong> <s>c</s></p>\n"),
        ("# Title", "<p><strong>Title</strong></p>\n"),
        ("Title\n===", "<p><strong>Title</strong></p>\n"),
        ("```python\nif a < b:\n```", "<pre><code>if a &lt; b:\n</code></pre>\n"),
        ("```\nnot closed", "<pre><code>not closed</code></pre>\n"),
        ("a\nb", "<p>a\nb</p>\n"),
        ("[a](https://a.example/?x&y)",
         '<p><a href="https://a.example/?x&amp;y" rel="noopener noreferrer nofollow">a</a></p>\n'),
        ("![cat](https://a.example/cat.png)", "<p>[image: cat, https://a.example/cat.png]</p>\n"),
        ("https://a.example (c)", "<p>https://a.example (c)</p>\n"),
    ],
)  # fmt: skip
def test_markdown_is_shown_as_it_is_meant(text: str, markup: str) -> None:
    assert markdown(text) == markup


def test_tables_are_tables() -> None:
    found = markdown("| a | b |\n|---|--:|\n| 1 | **2** |")
    assert found.count("<td>") == 2
    assert "<th>a</th>" in found
    assert "<strong>2</strong>" in found
    assert "style" not in found


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_but_reading_comes_out_of_an_attack(attack: str) -> None:
    for text in (
        attack,
        f"**{attack}**",
        f"> {attack}",
        f"- a\n  - {attack}",
        f"| {attack} |\n|-|",
    ):
        assert not_allowed(markdown(text)) == [], text


@given(TEXTS)
def test_nothing_outside_the_allow_list_ever_comes_out(text: str) -> None:
    assert not_allowed(markdown(text)) == []


@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), min_size=1, max_size=200))
def test_plain_words_are_all_there(text: str) -> None:
    assert text_of(markdown(text)).strip() == text


def test_html_is_shown_as_it_was_written() -> None:
    text = "<script>alert('x')</script> and <b>bold</b>"
    assert text_of(markdown(text)).strip() == text


@pytest.mark.parametrize(
    "unit",
    ["[", "![", "*", "**a", "*_", "_a ", "`", "``a`", "<", "<!--", "<a ", "> ", "- ", "1. ", "  - ",
     "|-|\n", "|a\n|-\n", "[a](", "[a][b]", "[a]: b\n", "\\", "&", "~~", "](", "a\n", "\t",
     "([", "\x00"],
)  # fmt: skip
def test_a_book_takes_no_longer_than_a_chapter(unit: str) -> None:
    """No bound on the clock: what is read of a long text is what is read of its beginning."""
    once = LONGEST // len(unit) + 1
    began = time.process_time()
    short = markdown(unit * once)
    took = time.process_time() - began
    assert markdown(unit * once * 50) == short
    # Twenty times what the slowest of them took where it was measured.
    assert took < 5
