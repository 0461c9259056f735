"""The command `llm`, with a model of its own configuration."""

import base64
import tempfile
from pathlib import Path

import commands
import driving


def llm(url, *arguments, files=()):
    with tempfile.TemporaryDirectory() as home:
        config = Path(home, ".config/io.datasette.llm")
        config.mkdir(parents=True)
        (config / "extra-openai-models.yaml").write_text(
            f"- model_id: here\n  model_name: {driving.MODEL}\n  api_base: {url}/v1\n"
            "  vision: true\n  supports_schema: true\n  supports_tools: true\n"
        )
        for name, data in files:
            Path(home, name).write_bytes(data)
        env = {"OPENAI_API_KEY": driving.KEY}
        return commands.run(str(commands.BIN / "llm"), "-m", "here", *arguments, env=env, home=home)


def chat(url):
    driving.plain(
        llm(
            url, "--no-stream", "-o", "max_tokens", "300", "-o", "temperature", "0.3", driving.PLAIN
        )
    )


def stream(url):
    driving.plain(llm(url, driving.PLAIN))


def tools(url):
    code = "def weather(city: str) -> str:\n    return 'It is sunny in ' + city\n"
    driving.looped(llm(url, "--functions", code, driving.LOOP))


def structured(url):
    driving.check(llm(url, "--schema", "city, size int", driving.SHAPED), "Bern")


def image(url):
    picture = base64.b64decode(driving.PNG)
    driving.seen(llm(url, "-a", "a.png", driving.PICTURE, files=[("a.png", picture)]))


def fifty(url):
    return commands.fifty(url, lambda question: llm(url, question))


driving.drive(
    chat=chat, stream=stream, tools=tools, structured=structured, image=image, fifty=fifty
)
