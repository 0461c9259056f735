"""Addresses, and what is none."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, problems


@pytest.mark.parametrize(
    "url",
    ["", "host/v1", "ftp://h", "https://", "http://u:p4ss@h/v1", "http://h:x/", "http://[", "7"],
)
def test_a_url_that_is_none_and_never_shown(tmp_path: Path, url: str) -> None:
    (problem,) = problems(
        tmp_path, ARTICLE + f"providers: {{p: {{kind: openai, base_url: '{url}'}}}}\n"
    )
    assert "providers.p.base_url" in problem
    assert "p4ss" not in problem
