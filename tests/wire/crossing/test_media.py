"""Media as people write them."""

from base64 import b64encode
from typing import Any

import pytest
from factories.wire_cells import PDF, PNG
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.chat import OPENAI, Data, Extras, Media, PlainText, Source, Stored, Url
from tierwatch.wire.crossing.media import tidy_media

NOTHING = Extras(OPENAI)


def tidy(source: Source, kind: Any = "image") -> Media | None:
    return tidy_media(Media(kind, source, None, NOTHING))


def source_of(source: Source, kind: Any = "image") -> Source | None:
    found = tidy(source, kind)
    return None if found is None else found.source


@pytest.mark.parametrize(
    "said",
    [
        Data("image/png", PNG),
        Data("image/jpg", PNG),  # the bytes say what they are
        Data("IMAGE/PNG; charset=utf-8", PNG),
        Data("", PNG),
        Data("image/png", f"{PNG[:30]}\r\n {PNG[30:]}"),
        Data("image/png", PNG.rstrip("=")),
        Data("image/png", PNG.replace("+", "-").replace("/", "_")),
        Data("image/png", PNG.replace("+", "%2B").replace("=", "%3D")),
        Url(f"data:image/png;base64,{PNG}"),
        Url(f" data:image/png;name=a.png;base64,{PNG}"),
        Url(f"DATA:image/png;BASE64,{PNG}"),
    ],
)
def test_one_image_is_one_however_it_is_written(said: Source) -> None:
    assert source_of(said) == Data("image/png", PNG)


@pytest.mark.parametrize(
    ("said", "name"),
    [("image/jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("Image/WebP", "image/webp"),
     ("application/x-pdf", "application/pdf"), ("image/heic", "image/heic")],
)  # fmt: skip
def test_types_have_one_name(said: str, name: str) -> None:
    assert source_of(Data(said, "aGk=")) == Data(name, "aGk=")


def test_a_pdf_is_a_file_wherever_it_stands() -> None:
    for said in (Data("application/pdf", PDF), Data("image/png", PDF)):
        found = tidy(said)
        assert found is not None
        assert (found.kind, found.source) == ("file", Data("application/pdf", PDF))


@pytest.mark.parametrize("said", [PDF, f"data:application/pdf;base64,{PDF}", f" {PDF}"])
def test_a_file_may_be_base64_alone(said: str) -> None:
    assert source_of(Url(said), "file") == Data("application/pdf", PDF)


@pytest.mark.parametrize(
    "said",
    [Url("data:text/plain,caf%C3%A9"), Url("data:,caf%C3%A9"),
     Data("text/plain; charset=utf-8", b64encode("caf\u00e9".encode()).decode())],
)  # fmt: skip
def test_a_file_of_text_is_text(said: Source) -> None:
    assert source_of(said, "file") == PlainText("caf\u00e9")


@pytest.mark.parametrize("base64", ["***", "a", "\u00e9", "aGk=aGk"])
def test_what_is_no_base64_is_none(base64: str) -> None:
    assert tidy(Data("image/png", base64)) is None


@pytest.mark.parametrize(
    "source",
    [Url("https://x.test/a.png"), Url("data:image/png,hi"), Url("data:"), Stored("file_1")],
)
def test_what_is_no_data_stays_as_it_is(source: Source) -> None:
    media = Media("image", source, "a", NOTHING)
    assert tidy_media(media) is media


@given(st.binary(min_size=1), st.integers(1, 76))
def test_lines_of_base64_are_the_same_bytes(raw: bytes, width: int) -> None:
    base64 = b64encode(raw).decode()
    lines = "\n".join(base64[at : at + width] for at in range(0, len(base64), width))
    assert source_of(Data("image/heic", lines)) == source_of(Data("image/heic", base64))
