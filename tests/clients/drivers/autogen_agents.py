"""autogen's assistant."""

import asyncio
from io import BytesIO

import driving
from autogen_agentchat.agents import AssistantAgent
from autogen_core import Image
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from pydantic import BaseModel


class City(BaseModel):
    city: str


def model(url):
    info = {
        "vision": True,
        "function_calling": True,
        "json_output": True,
        "family": "unknown",
        "structured_output": True,
    }
    return OpenAIChatCompletionClient(
        model=driving.MODEL,
        base_url=f"{url}/v1",
        api_key=driving.KEY,
        model_info=info,
        max_retries=0,
    )


async def weather(city: str) -> str:
    """The weather in a city."""
    return driving.weather(city)


async def chat(url):
    got = await AssistantAgent("brief", model_client=model(url)).run(task=driving.PLAIN)
    driving.plain(got.messages[-1].content)


async def stream(url):
    agent = AssistantAgent("brief", model_client=model(url), model_client_stream=True)
    told = [one async for one in agent.run_stream(task=driving.PLAIN)]
    driving.plain(told[-1].messages[-1].content)


async def tools(url):
    agent = AssistantAgent("brief", model_client=model(url), tools=[weather], max_tool_iterations=5)
    driving.looped((await agent.run(task=driving.LOOP)).messages[-1].content)


async def structured(url):
    got = await model(url).create(
        [UserMessage(content=driving.SHAPED, source="user")], json_output=City
    )
    assert City.model_validate_json(got.content) == City(city="Bern")


async def image(url):
    import base64

    import PIL.Image

    picture = Image(PIL.Image.open(BytesIO(base64.b64decode(driving.PNG))))
    got = await model(url).create([UserMessage(content=[driving.PICTURE, picture], source="user")])
    driving.seen(got.content)


async def fifty(url):
    await asyncio.gather(*(chat(url) for _ in range(driving.MANY)))


driving.drive(
    chat=chat, stream=stream, tools=tools, structured=structured, image=image, fifty=fifty
)
