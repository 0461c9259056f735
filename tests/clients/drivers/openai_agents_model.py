"""openai-agents: the runner, whole and streamed."""

import asyncio

import driving
from agents import Agent, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from pydantic import BaseModel

set_tracing_disabled(True)
weather = function_tool(driving.weather)


class City(BaseModel):
    city: str


def drive(of):
    """``of`` is a class of models."""

    def agent(url, **more):
        own = AsyncOpenAI(base_url=f"{url}/v1", api_key=driving.KEY, max_retries=0)
        model = of(model=driving.MODEL, openai_client=own)
        return Agent(name="Brief", instructions="Be brief.", model=model, **more)

    async def chat(url):
        driving.plain((await Runner.run(agent(url), driving.PLAIN)).final_output)

    async def stream(url):
        streamed = Runner.run_streamed(agent(url), driving.PLAIN)
        async for _ in streamed.stream_events():
            pass
        driving.plain(streamed.final_output)

    async def tools(url):
        driving.looped((await Runner.run(agent(url, tools=[weather]), driving.LOOP)).final_output)
        streamed = Runner.run_streamed(agent(url, tools=[weather]), driving.LOOP)
        async for _ in streamed.stream_events():
            pass
        driving.looped(streamed.final_output)

    async def structured(url):
        got = await Runner.run(agent(url, output_type=City), driving.SHAPED)
        assert got.final_output == City(city="Bern")

    async def image(url):
        parts = [
            {"type": "input_text", "text": driving.PICTURE},
            {
                "type": "input_image",
                "detail": "auto",
                "image_url": f"data:image/png;base64,{driving.PNG}",
            },
        ]
        got = await Runner.run(agent(url), [{"role": "user", "content": parts}])
        driving.seen(got.final_output)

    async def fifty(url):
        for one in await asyncio.gather(
            *(Runner.run(agent(url), driving.PLAIN) for _ in range(driving.MANY))
        ):
            driving.plain(one.final_output)

    driving.drive(
        chat=chat, stream=stream, tools=tools, structured=structured, image=image, fifty=fifty
    )
