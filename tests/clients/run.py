"""Run real clients, current releases, through gateways whose tiers are both vendors' models.

``nice python tests/clients/run.py FOLDER [NAME ...]`` installs into FOLDER what is not there yet
and prints a Markdown table. No vendor is asked: a fake one on loopback stands behind, which refuses
what vendors refuse. Outside CI: it needs the package registries, and half an hour the first time.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from clients import CLIENTS, Client  # noqa: E402
from fakes.gateway import RunningGateway  # noqa: E402
from fakes.vendor.server import Vendor  # noqa: E402
from install import Installed  # noqa: E402

# Where the static classifier sends each gateway's requests: an older and a newer model of each.
TIERS = {
    "gpt-4o": ("openai", "gpt-4o"),
    "gpt-5": ("openai", "gpt-5"),
    "haiku": ("anthropic", "claude-haiku-4-5"),
    "opus": ("anthropic", "claude-opus-4-8"),
}
SCENARIOS = ("chat", "stream", "tools", "structured", "image", "fifty")
LIMIT_S = 7_200


def config(vendor: Vendor, label: str) -> str:
    """A gateway that serves everything at one tier, as far as that tier takes it."""
    tiers = "".join(
        f"    {name}: {{model: {model}, cost: {place + 1}, provider: {provider}}}\n"
        for place, (name, (provider, model)) in enumerate(TIERS.items())
    )
    # Fifty programs take longer to start than a provider may be silent.
    key = "api_key: env:PROVIDER_KEY, timeout: 25m"
    return (
        f"routing:\n  classifier: {{kind: static, label: {label}}}\n  tiers:\n{tiers}"
        "providers:\n"
        f"  openai: {{kind: openai, base_url: '{vendor.openai_url}', {key}}}\n"
        f"  anthropic: {{kind: anthropic, base_url: '{vendor.url}', {key}}}\n"
        "gateway: {unknown_model: route}\n"
    )


@contextmanager
def gateways(folder: Path) -> Iterator[tuple[Vendor, dict[str, RunningGateway]]]:
    """The vendor, and a gateway before it for each tier."""
    with ExitStack() as stack:
        vendor = stack.enter_context(Vendor().running())
        running = {}
        for label in TIERS:
            file = folder / f"{label}.yaml"
            gateway = RunningGateway(config(vendor, label), file, environ={"PROVIDER_KEY": "k"})
            gateway.start()
            stack.callback(gateway.stop)
            running[label] = gateway
        yield vendor, running


def results(client: Client, installed: Installed, urls: dict[str, str]) -> list[dict[str, str]]:
    """What the client's driver says of each scenario before each gateway."""
    env = {
        **os.environ,
        "GATEWAYS": json.dumps(urls),
        "PACKAGES": str(installed.folder),
        "PYTHONPATH": "",
        "NO_PROXY": "127.0.0.1",
    }
    driver = HERE / "drivers" / client.driver
    if client.kind == "npm":
        # Imports of ES modules look beside the file that imports.
        linked = installed.folder / "drivers"
        linked.mkdir(exist_ok=True)
        for file in (HERE / "drivers").glob("*.mjs"):
            (linked / file.name).write_text(file.read_text())
        driver = linked / client.driver
    done = subprocess.run(
        [installed.program(), str(driver)], env=env, capture_output=True, text=True,
        timeout=LIMIT_S, check=False,
    )  # fmt: skip
    if os.environ.get("TRACE"):
        print(done.stdout[-3_000:], done.stderr[-6_000:], file=sys.stderr)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        problem = (done.stderr or done.stdout)[-300:].strip()
        return [{"gateway": "all", "scenario": "start", "problem": problem}]
    return [json.loads(line.removeprefix("RESULT ")) for line in lines]


def row(client: Client, version: str, told: list[dict[str, str]]) -> tuple[str, list[str]]:
    """The line of the table, and the problems under it."""
    by_scenario: dict[str, list[dict[str, str]]] = defaultdict(list)
    for one in told:
        by_scenario[one["scenario"]].append(one)
    cells, problems = [], []
    for name in [*SCENARIOS, "more"]:
        names = set(by_scenario) - set(SCENARIOS) if name == "more" else {name} & set(by_scenario)
        marks = []
        for scenario in sorted(names):
            failed = [one for one in by_scenario[scenario] if one["problem"]]
            problems += [
                f"{client.name}, {scenario}, {one['gateway']}: {_in_a_line(one['problem'])}"
                for one in failed
            ]
            mark = "ok" if not failed else "**fails**: " + ", ".join(f["gateway"] for f in failed)
            marks.append(f"{scenario} {mark}" if name == "more" else mark)
        cells.append("; ".join(marks) or "-")
    return f"| {client.name} | {version} | {' | '.join(cells)} |", problems


def _in_a_line(problem: str) -> str:
    return " ".join(problem.split())[:240]


def main(below: Path, names: list[str]) -> None:
    below.mkdir(parents=True, exist_ok=True)
    wanted = [one for one in CLIENTS if not names or any(name in one.name for name in names)]
    print(
        "| client | version | chat | stream | tool loop | structured | image | 50 at once | more |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as folder, gateways(Path(folder)) as (vendor, running):
        urls = {label: gateway.url for label, gateway in running.items()}
        for client in wanted:
            installed = Installed(client, below)
            if failure := installed.install():
                print(f"| {client.name} | not installed | | | | | | | |", flush=True)
                problems.append(f"{client.name}: not installed: {failure}")
                continue
            vendor.heard.clear()
            line, found = row(client, installed.version(), results(client, installed, urls))
            print(line, flush=True)
            problems += found
            if os.environ.get("TRACE"):
                for heard in vendor.heard:
                    print(heard.path, heard.status, heard.refusal[:300], file=sys.stderr)
    if problems:
        print("\n" + "\n".join(f"- {one}" for one in problems))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2:])
