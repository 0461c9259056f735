"""smolagents: the agent that calls tools; the one that writes code needs a real model."""

import base64
import io
import json

import driving
from PIL import Image
from smolagents import OpenAIServerModel, ToolCallingAgent, tool


@tool
def weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: its name
    """
    return driving.weather(city)


def model(url):
    return OpenAIServerModel(model_id=driving.MODEL, api_base=f"{url}/v1", api_key=driving.KEY)


def ask(text, **more):
    return [{"role": "user", "content": [{"type": "text", "text": text}]}]


def chat(url):
    driving.plain(model(url)(ask(driving.PLAIN), stop_sequences=["Observation:"]).content)


def stream(url):
    told = model(url).generate_stream(ask(driving.PLAIN), stop_sequences=["Observation:"])
    driving.plain("".join(delta.content or "" for delta in told))


def tools(url):
    """Its agent goes on until a tool of its own is called, which this vendor does not: count."""
    steps = []

    @tool
    def weather(city: str) -> str:
        """The weather in a city.

        Args:
            city: its name
        """
        steps.append(city)
        return driving.weather(city)

    agent = ToolCallingAgent(tools=[weather], model=model(url), max_steps=3, verbosity_level=0)
    agent.run("What is the weather in three cities? [[call 1 weather]]")
    assert steps, "no tool was called"


SHAPE = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def structured(url):
    got = model(url)(ask(driving.SHAPED), response_format=SHAPE).content
    assert json.loads(got) == {"city": "Bern"}, got


def image(url):
    [said] = ask(driving.PICTURE)
    picture = Image.open(io.BytesIO(base64.b64decode(driving.PNG)))
    said["content"].append({"type": "image", "image": picture})
    driving.seen(model(url)([said]).content)


driving.drive(
    chat=chat,
    stream=stream,
    tools=tools,
    structured=structured,
    image=image,
    fifty=lambda url: driving.at_once(lambda: chat(url)),
)
