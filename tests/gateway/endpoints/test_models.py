import json
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from factories.config import load

from tierwatch.gateway.endpoints.models import ModelLists, asking_wire
from tierwatch.gateway.model_names import ModelNames

CONFIG = """
routing:
  tiers:
    simple: {model: shared-1, cost: 1, provider: lab}
    complex: {model: shared-1, cost: 10, provider: lab}
providers: {lab: {kind: openai}}
gateway: {auto_models: [ours]}
"""
NAMES = ["auto", "ours", "simple", "complex", "shared-1"]


@pytest.fixture
def lists(tmp_path: Path) -> ModelLists:
    config = load(tmp_path, CONFIG)
    return ModelLists(config, ModelNames(config), 1_700_000_000.9)


def test_each_name_stands_once_in_the_order_of_the_file(lists: ModelLists) -> None:
    listed = lists.listed("openai")
    assert [one["id"] for one in listed["data"]] == NAMES
    owners = {one["id"]: one["owned_by"] for one in listed["data"]}
    assert owners["shared-1"] == "lab"
    assert owners["auto"] == owners["simple"] == "tierwatch"


def test_each_vendors_form(lists: ModelLists) -> None:
    listed = lists.listed("openai")
    assert listed["object"] == "list"
    assert listed["data"][0] == {
        "id": "auto",
        "object": "model",
        "created": 1_700_000_000,
        "owned_by": "tierwatch",
    }
    listed = lists.listed("anthropic")
    assert [one["id"] for one in listed["data"]] == NAMES
    assert (listed["first_id"], listed["last_id"]) == ("auto", "shared-1")
    assert listed["has_more"] is False
    one = listed["data"][0]
    assert (one["type"], one["created_at"]) == ("model", "2023-11-14T22:13:20Z")


@pytest.mark.parametrize(
    ("name", "status", "owner"),
    [
        ("shared-1", 200, "lab"),
        ("openai/shared-1-20251001", 200, "lab"),
        ("openai/auto", 200, "tierwatch"),
        ("shared-2", 404, None),
    ],
)
def test_one_by_any_name_that_stands_for_it(
    lists: ModelLists, name: str, status: int, owner: str | None
) -> None:
    reply = lists.one(name, "openai")
    said = json.loads(reply.body)
    assert reply.status == status
    if owner is None:
        assert said["error"]["code"] == "model_not_found"
        assert json.loads(lists.one(name, "anthropic").body)["type"] == "error"
    else:
        assert (said["id"], said["owned_by"]) == (name, owner)


def test_anthropics_clients_say_who_they_are() -> None:
    assert asking_wire({b"anthropic-version": b"2023-06-01"}) == "anthropic"
    assert asking_wire({b"authorization": b"Bearer x"}) == "openai"


def test_both_vendors_clients_read_them(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        listed = list(client.models.list())
        assert listed[0].id == "auto"
        assert client.models.retrieve("model-simple-2024-07-18").object == "model"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as sdk:
        assert [one.id for one in sdk.models.list()] == [one.id for one in listed]
        assert sdk.models.retrieve("simple").display_name == "simple"
        with pytest.raises(anthropic.NotFoundError) as refused:
            sdk.models.retrieve("claude-0")
        assert refused.value.body["type"] == "error"
