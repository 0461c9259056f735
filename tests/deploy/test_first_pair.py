"""From a running LiteLLM proxy to the first judged pair, by the commands of its page."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tierwatch.local import free_port

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "litellm.md"
MOST_COMMANDS, MOST_S = 6, 300.0
PROXY = """\
model_list:
  - model_name: fast
    litellm_params: {{model: openai/gpt-5-mini, api_base: "http://127.0.0.1:{port}/v1", api_key: os.environ/OWN_KEY}}
  - model_name: smart
    litellm_params: {{model: openai/gpt-5, api_base: "http://127.0.0.1:{port}/v1", api_key: os.environ/OWN_KEY}}
"""  # noqa: E501 - a line of somebody's file


class Provider(BaseHTTPRequestHandler):
    """Answers every model, and as the judge with a verdict."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = "Paris."
        if asked["model"] == "gpt-5-nano":
            said = json.dumps({"reason": "The same.", "verdict": "tie"})
        message = {"role": "assistant", "content": said}
        body = json.dumps({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
        }).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def _commands() -> list[str]:
    """The block of the page's section, a command each."""
    section = PAGE.read_text().partition("## From nothing to the first judged pair")[2]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block
    return [part.strip() for part in re.split(r"\n(?=\S)(?!END)", block[1]) if part.strip()]


def _commands_joined() -> list[str]:
    """A here-document belongs to its command."""
    found: list[str] = []
    inside = False
    for line in "\n".join(_commands()).splitlines():
        if inside:
            found[-1] += f"\n{line}"
            inside = line != "END"
            continue
        found.append(line)
        inside = "<<'END'" in line
    return found


def test_the_page_needs_no_more_than_six_commands() -> None:
    commands = _commands_joined()
    assert 4 <= len(commands) <= MOST_COMMANDS
    assert commands[0].startswith("pip install")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


class Terminal:
    """Runs the page's commands in a folder, those that stay in the background.

    Args:
        folder: of the proxy's file.
        environ: of all of them.
    """

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._running: list[subprocess.Popen[bytes]] = []
        self._bash = shutil.which("bash") or "/bin/bash"
        self.began = time.monotonic()

    def run(self, command: str) -> None:
        """Run a command to its end."""
        subprocess.run(
            [self._bash, "-ec", command], cwd=self._folder, env=self._environ, check=True
        )

    def start(self, command: str, log: str) -> None:
        """Start one that stays."""
        with (self._folder / log).open("wb") as file:
            self._running.append(
                subprocess.Popen(
                    [self._bash, "-c", f"exec env {command}"],
                    cwd=self._folder,
                    env=self._environ,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
            )

    def wait(self, met: Callable[[], object]) -> None:
        """Wait for something, while all run."""
        while not met():
            assert all(process.poll() is None for process in self._running), "a process ended"
            assert time.monotonic() - self.began < MOST_S, "waited in vain"
            time.sleep(0.5)

    def end(self) -> None:
        """End what runs."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(90)


def _environment(litellm: str, ports: dict[str, int]) -> dict[str, str]:
    dropped = ("TIERWATCH_", "PYTHON")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    path = f"{Path(sys.executable).parent}:{Path(litellm).parent}:{os.environ['PATH']}"
    return kept | {
        **{f"TIERWATCH_{name}_PORT": str(port) for name, port in ports.items()},
        "PATH": path,
        "OWN_KEY": "any",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        "NO_PROXY": "*",
        # What the second command makes, here, so that all of them know it.
        "LITELLM_INTAKE_KEY": secrets.token_hex(16),
    }


def _ask(proxy: int) -> None:
    for number in range(12):
        said = [{"role": "user", "content": f"Capital of France, {number}?"}]
        reply = httpx.post(
            f"http://127.0.0.1:{proxy}/v1/chat/completions",
            json={"model": "fast", "messages": said},
            headers={"authorization": "Bearer x"},
            timeout=60,
        )
        assert reply.status_code == 200, reply.text


def test_the_first_pair_is_judged_within_five_minutes(tmp_path: Path, provider: int) -> None:
    litellm = os.environ.get("LITELLM_PROGRAM") or shutil.which("litellm")
    if litellm is None:
        pytest.skip("no litellm: pip install 'litellm[proxy]' elsewhere, name it LITELLM_PROGRAM")
    ports = {name: free_port() for name in ("GATEWAY", "DASHBOARD", "INTAKE")}
    intake, dashboard = (f"http://127.0.0.1:{ports[name]}" for name in ("INTAKE", "DASHBOARD"))
    proxy = free_port()
    (tmp_path / "config.yaml").write_text(PROXY.format(port=provider))
    terminal = Terminal(tmp_path, _environment(litellm, ports))
    commands = _commands_joined()
    judged = re.compile(r'sampled_exchanges\{stage="judged"\} ([1-9]\S*)')
    try:
        for command in commands[1:]:  # tierwatch is installed here
            line = command.replace("http://127.0.0.1:8422", intake)
            if line.startswith("tierwatch up"):
                terminal.start(line, "up.log")
                terminal.wait(lambda: _answers(f"{intake}/readyz"))
            elif "litellm --config" in line:
                terminal.start(f"{line} --host 127.0.0.1 --port {proxy}", "proxy.log")
            elif not line.startswith("export"):
                terminal.run(line)
        terminal.wait(lambda: _answers(f"http://127.0.0.1:{proxy}/health/liveliness"))
        _ask(proxy)
        terminal.wait(lambda: judged.search(httpx.get(f"{dashboard}/metrics", timeout=30).text))
        took = time.monotonic() - terminal.began
    finally:
        terminal.end()
    sys.stdout.write(f"{len(commands)} commands, {took:.0f} s to the first judged pair\n")
    assert took < MOST_S
