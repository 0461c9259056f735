"""LiteLLM's proxy between a client and the gateway, as openai/ and as anthropic/."""

import json
import os
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import commands
import driving
import httpx
from openai import OpenAI
from pydantic import BaseModel

MASTER = "sk-of-the-proxy-in-front-0123456789"
PREFIXES = {"o": ("openai", "/v1"), "a": ("anthropic", "")}


def entry(name, prefix, path, url):
    params = f"{{model: {prefix}/{driving.MODEL}, api_base: '{url}{path}', api_key: k}}"
    return f"  - model_name: {name}\n    litellm_params: {params}\n"


@contextmanager
def proxy(gateways):
    """One proxy before all gateways, each there under two names; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = "model_list:\n" + "".join(
        entry(f"{letter}-{gateway}", *of, url)
        for gateway, url in gateways.items()
        for letter, of in PREFIXES.items()
    )
    told += "litellm_settings: {num_retries: 0, drop_params: false}\n"
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, "config.yaml")
        file.write_text(told)
        command = [str(commands.BIN / "litellm"), "--config", str(file), "--port", str(port)]
        running = subprocess.Popen(
            [*command, "--host", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Without a master key it does not start.
            env={
                **os.environ,
                "HOME": home,
                "LITELLM_MASTER_KEY": MASTER,
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },
            cwd=home,
        )
        own = f"http://127.0.0.1:{port}"
        try:
            for _ in range(180):
                if running.poll() is not None:
                    raise RuntimeError("the proxy did not start")
                try:
                    httpx.get(f"{own}/health/liveliness", trust_env=False).raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(1)
            yield own
        finally:
            running.terminate()
            running.wait(20)


def ask(text=driving.PLAIN):
    return [{"role": "user", "content": text}]


class City(BaseModel):
    city: str


def chat(client, model):
    got = client.chat.completions.create(model=model, messages=ask(), max_tokens=300)
    driving.plain(got.choices[0].message.content)


def stream(client, model):
    chunks = list(client.chat.completions.create(model=model, messages=ask(), stream=True))
    driving.plain("".join(c.choices[0].delta.content or "" for c in chunks if c.choices))


def tools(client, model):
    tool = {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    messages = ask(driving.LOOP)
    for _ in range(3):
        message = (
            client.chat.completions.create(
                model=model, messages=messages, tools=[tool], max_tokens=300
            )
            .choices[0]
            .message
        )
        messages.append(message)
        for call in message.tool_calls:
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
    got = client.chat.completions.create(model=model, messages=messages, tools=[tool])
    driving.looped(got.choices[0].message.content)


def structured(client, model):
    parsed = client.chat.completions.parse(
        model=model, messages=ask(driving.SHAPED), response_format=City
    )
    assert parsed.choices[0].message.parsed == City(city="Bern")


def image(client, model):
    url = f"data:image/png;base64,{driving.PNG}"
    parts = [
        {"type": "text", "text": driving.PICTURE},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    got = client.chat.completions.create(model=model, messages=ask(parts), max_tokens=300)
    driving.seen(got.choices[0].message.content)


def responses(client, model):
    driving.plain(client.responses.create(model=model, input=driving.PLAIN).output_text)


def fifty(client, model):
    driving.at_once(
        lambda: driving.plain(
            client.chat.completions.create(model=model, messages=ask()).choices[0].message.content
        )
    )


GATEWAYS = json.loads(os.environ["GATEWAYS"])
NAMES = {url: gateway for gateway, url in GATEWAYS.items()}

with proxy(GATEWAYS) as own:
    client = OpenAI(base_url=f"{own}/v1", api_key=MASTER, max_retries=0)

    def each(scenario):
        """The scenario through both of the proxy's names of a gateway."""

        def run(url):
            for letter in PREFIXES:
                scenario(client, f"{letter}-{NAMES[url]}")

        return run

    scenarios = (chat, stream, tools, structured, image, responses, fifty)
    driving.drive(**{scenario.__name__: each(scenario) for scenario in scenarios})
