from typing import Any

import pytest


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_the_root_says_that_somebody_is_here(
    start_gateway: Any, openai_provider: Any, method: str
) -> None:
    # Claude Code asks so before it begins.
    assert start_gateway(openai_provider).client.request(method, "/").status_code == 200


def test_everything_beside_the_chats_has_its_place(
    start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider)
    for path in (
        "/v1/embeddings",
        "/v1/completions",
        "/v1/moderations",
        "/v1/messages/count_tokens",
        "/v1/route",
        "/v1/feedback",
    ):
        said = gateway.client.get(path)
        assert (said.status_code, said.headers["allow"]) == (405, "POST"), path
    for path in ("/v1/models", "/v1/models/auto", "/healthz", "/readyz", "/metrics"):
        assert gateway.client.get(path).status_code == 200, path
