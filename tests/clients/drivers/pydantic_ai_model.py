"""pydantic-ai: an agent over a model."""

import base64

import driving
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput, ToolOutput


class City(BaseModel):
    """A city."""

    city: str


def drive(model, *, native=True):
    """``model`` takes a gateway's address."""

    def agent(url, **more):
        settings = {"max_tokens": 2_000, "temperature": 0.3}
        return Agent(model(url), system_prompt="Be brief.", model_settings=settings, **more)

    def chat(url):
        driving.plain(agent(url).run_sync(driving.PLAIN).output)

    async def stream(url):
        async with agent(url).run_stream(driving.PLAIN) as streamed:
            driving.plain(await streamed.get_output())

    def tools(url):
        driving.looped(agent(url, tools=[driving.weather]).run_sync(driving.LOOP).output)

    def structured(url):
        kinds = [NativeOutput(City), ToolOutput(City)] if native else [ToolOutput(City)]
        for kind in kinds:
            got = agent(url, output_type=kind).run_sync(driving.SHAPED).output
            assert isinstance(got, City), got

    def image(url):
        picture = BinaryContent(base64.b64decode(driving.PNG), media_type="image/png")
        driving.seen(agent(url).run_sync([driving.PICTURE, picture]).output)

    async def fifty(url):
        import asyncio

        for one in await asyncio.gather(*(agent(url).run(driving.PLAIN) for _ in range(50))):
            driving.plain(one.output)

    driving.drive(
        chat=chat, stream=stream, tools=tools, structured=structured, image=image, fifty=fifty
    )
