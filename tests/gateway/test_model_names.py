from pathlib import Path

from factories.config import load

from tierwatch.gateway.model_names import model_list

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
