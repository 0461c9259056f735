"""anthropic for Python: messages, the stream helper, tool_runner."""

import driving
from anthropic import Anthropic, beta_tool
from pydantic import BaseModel


class City(BaseModel):
    city: str


@beta_tool
def weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: its name
    """
    return driving.weather(city)


TOOL = {
    "name": "weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def client(url):
    return Anthropic(base_url=url, api_key=driving.KEY, max_retries=0)


def asked(text=driving.PLAIN, **more):
    told = {"model": driving.MODEL, "max_tokens": 30_000, "system": "Be brief."}
    return told | {"messages": [{"role": "user", "content": text}]} | more


def chat(url):
    more = {"metadata": {"user_id": "u" * 150}, "temperature": 0.3}
    extra = {"extra_body": {"temperature": more.pop("temperature")}}
    with client(url).messages.stream(**asked(**more, **extra)) as stream:
        driving.plain(stream.get_final_message().content[-1].text)
    short = asked(max_tokens=2_000)
    driving.plain(client(url).messages.create(**short).content[-1].text)


def stream(url):
    with client(url).messages.stream(**asked()) as streamed:
        driving.plain("".join(streamed.text_stream))


def tools(url):
    """With thinking by hand, then the SDK's own runner."""
    turns = asked(driving.LOOP)["messages"]
    for _ in range(4):
        more = {"tools": [TOOL], "thinking": {"type": "adaptive"}, "max_tokens": 8_000}
        got = client(url).messages.create(**asked(**more) | {"messages": turns})
        uses = [block for block in got.content if block.type == "tool_use"]
        if not uses:
            driving.looped(got.content[-1].text)
            return
        turns.append({"role": "assistant", "content": got.content})
        turns.append(
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": use.id,
                        "content": driving.weather(**use.input),
                    }
                    for use in uses
                ],
            }
        )
    raise AssertionError("no end of calls")


def tool_runner(url):
    runner = client(url).beta.messages.tool_runner(
        **asked(driving.LOOP, max_tokens=2_000), tools=[weather]
    )
    driving.looped(runner.until_done().content[-1].text)


def structured(url):
    got = client(url).messages.parse(**asked(driving.SHAPED, max_tokens=900), output_format=City)
    assert got.parsed_output == City(city="Bern")


def image(url):
    source = {"type": "base64", "media_type": "image/png", "data": driving.PNG}
    parts = [{"type": "text", "text": driving.PICTURE}, {"type": "image", "source": source}]
    got = client(url).messages.create(**asked(parts, max_tokens=900))
    driving.seen(got.content[-1].text)


driving.drive(
    chat=chat,
    stream=stream,
    tools=tools,
    tool_runner=tool_runner,
    structured=structured,
    image=image,
    fifty=lambda url: driving.at_once(lambda: chat(url)),
)
