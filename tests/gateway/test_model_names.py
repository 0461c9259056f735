from pathlib import Path

import pytest
from factories.config import load

from tierwatch.gateway.model_names import model_list, shown_name

CONFIG = """
routing:
  tiers:
    simple: {model: shared-1, cost: 1, provider: lab}
    complex: {model: shared-1, cost: 10, provider: lab}
providers: {lab: {kind: openai}}
gateway: {auto_models: [ours]}
"""


def test_each_name_stands_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    listed = model_list(load(tmp_path, CONFIG), 1_700_000_000.9)
    assert [one["id"] for one in listed["data"]] == [
        "auto",
        "ours",
        "simple",
        "complex",
        "shared-1",
    ]
    owners = {one["id"]: one["owned_by"] for one in listed["data"]}
    assert owners["shared-1"] == "lab"
    assert owners["auto"] == owners["simple"] == "tierwatch"


def test_both_clients_find_their_fields(tmp_path: Path) -> None:
    listed = model_list(load(tmp_path, CONFIG), 1_700_000_000.9)
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (
        "auto",
        "shared-1",
        False,
    )
    one = listed["data"][0]
    assert (one["object"], one["created"]) == ("model", 1_700_000_000)
    assert (one["type"], one["created_at"]) == ("model", "2023-11-14T22:13:20Z")


@pytest.mark.parametrize("name", ["", "gpt-9", "x" * 100, "\n", "\ud800", "x" * 10**6])
def test_a_name_that_does_not_exist_is_shown_up_to_a_length(name: str) -> None:
    shown = shown_name(name)
    assert len(shown) <= 105
    assert (shown == repr(name)) is (len(name) <= 100)
