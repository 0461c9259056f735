"""smolagents: the agent that calls tools; the one that writes code needs a real model."""

import driving
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


driving.drive(
    chat=chat, stream=stream, tools=tools, fifty=lambda url: driving.at_once(lambda: chat(url))
)
