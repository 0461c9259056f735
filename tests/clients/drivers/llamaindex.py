"""LlamaIndex's OpenAILike and its agent."""

import driving
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    city: str


def model(url):
    return OpenAILike(
        model=driving.MODEL,
        api_base=f"{url}/v1",
        api_key=driving.KEY,
        is_chat_model=True,
        is_function_calling_model=True,
        max_retries=0,
    )


def ask(text):
    return [ChatMessage(role="user", content=text)]


def chat(url):
    driving.plain(model(url).chat(ask(driving.PLAIN)).message.content)


def stream(url):
    driving.plain("".join(r.delta or "" for r in model(url).stream_chat(ask(driving.PLAIN))))


async def tools(url):
    agent = FunctionAgent(tools=[driving.weather], llm=model(url), system_prompt="Be brief.")
    driving.looped(await agent.run(driving.LOOP))


def structured(url):
    got = model(url).as_structured_llm(City).chat(ask(driving.SHAPED))
    assert got.raw == City(city="Bern")


def image(url):
    blocks = [
        TextBlock(text=driving.PICTURE),
        ImageBlock(image=driving.PNG.encode(), image_mimetype="image/png"),
    ]
    got = model(url).chat([ChatMessage(role="user", blocks=blocks)])
    driving.seen(got.message.content)


driving.drive(
    chat=chat,
    stream=stream,
    tools=tools,
    structured=structured,
    image=image,
    fifty=lambda url: driving.at_once(lambda: chat(url)),
)
