from typing import Any


def test_settings_are_those_of_the_page(client: Any, bearer: Any) -> None:
    answer = client.get("/api/v1/settings", headers=bearer("viewer")).json
    by_key = {one["key"]: one for one in answer["file"]}
    assert by_key["evaluation.budget_usd_per_day"]["value"] == "25"
    assert by_key["evaluation.budget_usd_per_day"]["origin"].startswith("line ")
    assert {one["key"]: one["value"] for one in answer["environment"]}[
        "TIERWATCH_SECRET_KEY"
    ] == "not set"
    assert answer["path"].endswith("tierwatch.yaml")
