"""openai for Python on chat completions."""

import json

import driving
from openai import OpenAI
from pydantic import BaseModel

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


class City(BaseModel):
    city: str


def client(url):
    return OpenAI(base_url=f"{url}/v1", api_key=driving.KEY, max_retries=0)


def ask(text, *, image=False):
    if image:
        url = f"data:image/png;base64,{driving.PNG}"
        text = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def answer(url, **more):
    more = {"messages": ask(driving.PLAIN), "max_tokens": 500, "temperature": 0.3} | more
    return client(url).chat.completions.create(model=driving.MODEL, **more)


def chat(url):
    driving.plain(answer(url).choices[0].message.content)


def stream(url):
    chunks = list(answer(url, stream=True, stream_options={"include_usage": True}))
    driving.plain("".join(c.choices[0].delta.content or "" for c in chunks if c.choices))
    assert chunks[-1].usage.total_tokens > 0


def tools(url):
    messages = ask(driving.LOOP)
    for step in range(4):
        if step % 2:
            with client(url).chat.completions.stream(
                model=driving.MODEL, messages=messages, tools=[TOOL]
            ) as streamed:
                message = streamed.get_final_completion().choices[0].message
        else:
            message = answer(url, messages=messages, tools=[TOOL]).choices[0].message
        if not message.tool_calls:
            return driving.looped(message.content)
        # What the helper has parsed is no field of the wire.
        messages.append(
            message.model_dump(
                include={
                    "role": True,
                    "content": True,
                    "tool_calls": {
                        "__all__": {"id": True, "type": True, "function": {"name", "arguments"}}
                    },
                }
            )
        )
        for call in message.tool_calls:
            result = driving.weather(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    raise AssertionError("no end of calls")


def structured(url):
    parsed = client(url).chat.completions.parse(
        model=driving.MODEL, messages=ask(driving.SHAPED), response_format=City
    )
    assert parsed.choices[0].message.parsed == City(city="Bern")


def image(url):
    messages = ask(driving.PICTURE, image=True)
    driving.seen(answer(url, messages=messages).choices[0].message.content)


driving.drive(
    chat=chat,
    stream=stream,
    tools=tools,
    structured=structured,
    image=image,
    fifty=lambda url: driving.at_once(lambda: chat(url)),
)
