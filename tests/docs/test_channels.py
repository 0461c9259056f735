"""docs/channels.md: every example loads, and every kind has one."""

import re
from pathlib import Path
from typing import get_args

from factories.config import ARTICLE, load

from tierwatch.config.notify import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")


def test_every_kind_has_an_example_that_loads(tmp_path: Path) -> None:
    kinds = set()
    for example in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        kinds |= {place.kind for place in load(tmp_path, ARTICLE + example).notify}
    assert kinds == set(get_args(Kind))
