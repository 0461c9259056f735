"""Two real gateways with different files on one database: two policies, one alert, no flapping."""

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from end_to_end.test_stops import reply_in_kind
from factories.gateway_config import three_tiers
from factories.processes import process, until_ready, url_of
from fakes.collaborators import rows, scalar
from fakes.provider import FakeProvider
from fakes.waiting import until
from sqlalchemy import Engine

from tierwatch.local import free_port
from tierwatch.settings import read_settings

pytestmark = pytest.mark.slow

WATCHED_S = 25.0
FILES = {"a": ("simple", "standard", "complex"), "b": ("simple", "medium", "complex")}


def test_gateways_with_different_files_leave_each_other_in_peace(
    engine: Engine, redis_url: str, tmp_path: Path
) -> None:
    urls = {}
    with ExitStack() as stack:
        provider = stack.enter_context(FakeProvider("openai", reply_in_kind).running())
        for name, tiers in FILES.items():
            file = tmp_path / f"{name}.yaml"
            file.write_text(three_tiers(provider, names=tiers))
            settings = replace(
                read_settings({}),
                config=file,
                data_dir=tmp_path / name,
                database_url=url_of(engine),
                redis_url=redis_url,
                gateway_port=free_port(),
            )
            log = tmp_path / f"{name}.log"
            running = stack.enter_context(process("gateway", settings=settings, log=log))
            urls[name] = f"http://127.0.0.1:{settings.gateway_port}"
            until_ready(running, f"{urls[name]}/readyz", log)
            until(lambda log=log: "policy active" in log.read_text(), 20)
        time.sleep(WATCHED_S)
        versions = {name: _served(url) for name, url in urls.items()}
    assert versions == {"a": 1, "b": 2}
    assert scalar(engine, "select count(*) from policies") == 2
    assert scalar(engine, "select stable_version from active_policy") == 2
    assert scalar(engine, "select count(*) from audit where action = 'policy.adapted'") == 1
    (alert,) = rows(engine, "select kind, cause from alerts")
    assert (alert.kind, alert.cause) == ("fleet", "fleet")
    said = (tmp_path / "b.log").read_text()
    assert said.count("policy 2 is active from now on") == 1
    assert (tmp_path / "a.log").read_text().count("goes on serving by its own last policy") == 1


def _served(url: str) -> int:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Capital?"}]}
    reply = httpx.post(f"{url}/v1/chat/completions", json=body)
    assert reply.status_code == 200
    return int(reply.headers["x-tierwatch-policy-version"])
