"""A fresh capture by the real libraries: each traces calls of a provider on loopback, to us.

``nice python tests/clients/telemetry/capture.py FOLDER [NAME ...]`` installs into FOLDER what is
not there yet, runs each client, reads what it exports as the intake does, and compares the calls
with those of the recorded payloads (tests/intake/otlp/test_payloads.py). It prints a Markdown table
and ends with 1 where a row differs. Outside CI: it needs the package registries.
"""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, NamedTuple

HERE = Path(__file__).parent
TESTS = HERE.parent.parent
sys.path[:0] = [str(TESTS), str(HERE.parent), str(TESTS / "intake" / "otlp"), str(HERE)]

from clients import Client  # noqa: E402
from fake_servers import Provider, Receiver, serving  # noqa: E402
from install import Installed  # noqa: E402
from test_payloads import IMAGE, RESULT, TABLE, V2, Row, row_of  # noqa: E402

from tierwatch.intake.calls import PARAMETERS_UNSEEN, TRUNCATED, Call  # noqa: E402
from tierwatch.intake.otlp.joining import NOTHING, flushed, take  # noqa: E402
from tierwatch.intake.otlp.requests import LOGS, TRACES, telemetry_of  # noqa: E402

EXPORT = ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")
NODE = ("@opentelemetry/sdk-trace-node", "@opentelemetry/exporter-trace-otlp-http", "zod")
LIMIT_S = 300


class Capture(NamedTuple):
    """A client, what it is told by its environment, and the calls that are to come of it."""

    name: str
    client: Client
    env: dict[str, str]
    calls: list[Row]


def _pip(name: str, driver: str, *packages: str) -> Client:
    return Client(name, driver, "pip", packages, packages[0].partition("[")[0])


def _npm(name: str, *packages: str) -> Client:
    return Client(name, "vercel.mjs", "npm", packages, "ai")


def _told(name: str) -> list[Row]:
    """The calls of a payload that OpenAI's client makes here as well: nine, and a response."""
    return TABLE[name][:9]


LANGFUSE = TABLE["otlp_langfuse_sdk"]
CAPTURES = (
    Capture(
        "genai-openai",
        _pip("genai-openai", "openai_client.py", "opentelemetry-instrumentation-genai-openai",
             "openai", *EXPORT),
        {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only"},
        [*_told("otlp_genai_openai"), Row(outside=PARAMETERS_UNSEEN), Row()],
    ),
    Capture(
        "openllmetry",
        _pip("openllmetry", "openai_client.py", "opentelemetry-instrumentation-openai", "openai",
             *EXPORT),
        {},
        [*_told("otlp_openllmetry"), Row(), Row()],
    ),
    Capture(
        "openinference",
        _pip("openinference", "openai_client.py", "openinference-instrumentation-openai", "openai",
             *EXPORT),
        {},
        [*_told("otlp_openinference"), Row(), Row(wire="responses")],
    ),
    Capture(
        # Newer ones of util-genai do not load beside it.
        "openai-v2",
        _pip("openai-v2", "openai_client.py", "opentelemetry-instrumentation-openai-v2", "openai",
             "httpx", "opentelemetry-util-genai==0.4b0", *EXPORT),
        {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"},
        [*_told("otlp_openai_v2_legacy"), V2._replace(outside=PARAMETERS_UNSEEN)],
    ),
    Capture(
        "langfuse",
        _pip("langfuse", "openai_client.py", "langfuse", "openai"),
        {"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk"},
        [
            LANGFUSE[0]._replace(session=False), *LANGFUSE[1:5], RESULT._replace(finish=None),
            IMAGE._replace(finish=None, outside=TRUNCATED), LANGFUSE[5]._replace(status=429),
            LANGFUSE[6], Row(finish=None), LANGFUSE[8],
        ],
    ),
    Capture(
        "pydantic-ai",
        _pip("pydantic-ai", "pydantic_agent.py", "pydantic-ai-slim[openai]", *EXPORT),
        {},
        TABLE["otlp_pydantic_ai"],
    ),
    Capture(
        "vercel-5", _npm("vercel-5", "ai@5", "@ai-sdk/openai@2", *NODE), {},
        TABLE["otlp_vercel_ai_5"],
    ),
    Capture(
        "vercel-7", _npm("vercel-7", "ai@7", "@ai-sdk/openai", "@ai-sdk/otel", *NODE), {},
        TABLE["otlp_vercel_ai_7"][:4],
    ),
)  # fmt: skip


def exported(capture: Capture, installed: Installed) -> list[tuple[str, str, str, bytes]]:
    """What the client's exporter sent while its driver ran."""

    class Kept(Receiver):
        kept: ClassVar = []

    driver = HERE / capture.client.driver
    if capture.client.kind == "npm":
        # Imports of ES modules look beside the file that imports.
        driver = installed.folder / capture.client.driver
        driver.write_text((HERE / capture.client.driver).read_text())
    with serving(Provider) as provider, serving(Kept) as receiver:
        env = {
            **os.environ,
            "INSTRUMENTATION": capture.name,
            "PROVIDER": provider,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver,
            "LANGFUSE_BASE_URL": receiver,
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": "",
            **capture.env,
        }
        done = subprocess.run(
            [installed.program(), str(driver)], env=env, capture_output=True, text=True,
            timeout=LIMIT_S, check=False,
        )  # fmt: skip
    if done.returncode:
        print(done.stderr[-2_000:], file=sys.stderr)
    return Kept.kept


def calls_in(requests: Iterable[tuple[str, str, str, bytes]]) -> list[Call]:
    """What the intake reads of them."""
    waiting, calls, now = NOTHING, [], time.time()
    for path, content_type, encoding, body in requests:
        signal = {"traces": TRACES, "logs": LOGS}.get(path.rpartition("/")[2])
        if signal is None:  # Langfuse's uploads of media
            continue
        raw = gzip.decompress(body) if encoding == "gzip" else body
        waiting, said = take(waiting, telemetry_of(signal, content_type, raw), now)
        calls += said.calls
    return [*calls, *flushed(waiting, now).calls]


def main(below: Path, names: list[str]) -> int:
    """Print the table; 1 where a call differs."""
    different = 0
    below.mkdir(parents=True, exist_ok=True)
    print("| client | version | calls | as the payloads |\n|---|---|---|---|", flush=True)
    for capture in CAPTURES:
        if names and capture.name not in names:
            continue
        # Both versions of Vercel's are called `ai`.
        installed = Installed(capture.client, below / capture.name)
        if failure := installed.install():
            print(f"| {capture.name} | not installed: {failure} | | |", flush=True)
            different += 1
            continue
        found = sorted(map(row_of, calls_in(exported(capture, installed))), key=repr)
        wanted = sorted(capture.calls, key=repr)
        mark = "yes" if found == wanted else "**no**"
        print(f"| {capture.name} | {installed.version()} | {len(found)} | {mark} |", flush=True)
        if found != wanted:
            different += 1
            for one in found:
                if one not in wanted:
                    print("  found ", one, file=sys.stderr)
            for one in wanted:
                if one not in found:
                    print("  wanted", one, file=sys.stderr)
    return min(1, different)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
