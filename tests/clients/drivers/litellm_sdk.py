"""LiteLLM's SDK, with the prefix of a provider."""

import json

import driving
import litellm
from pydantic import BaseModel

litellm.suppress_debug_info = True
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


def drive(prefix, path):
    def answer(url, text=driving.PLAIN, **more):
        messages = [{"role": "user", "content": text}]
        return litellm.completion(
            model=f"{prefix}/{driving.MODEL}",
            api_base=url + path,
            api_key=driving.KEY,
            num_retries=0,
            **({"messages": messages, "max_tokens": 500, "temperature": 0.3} | more),
        )

    def chat(url):
        driving.plain(answer(url).choices[0].message.content)

    def stream(url):
        chunks = list(answer(url, stream=True))
        driving.plain("".join(c.choices[0].delta.content or "" for c in chunks if c.choices))

    def tools(url):
        messages = [{"role": "user", "content": driving.LOOP}]
        for _ in range(4):
            message = answer(url, messages=messages, tools=[TOOL]).choices[0].message
            if not message.tool_calls:
                return driving.looped(message.content)
            messages.append(message.model_dump())
            for call in message.tool_calls:
                result = driving.weather(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        raise AssertionError("no end of calls")

    def structured(url):
        got = answer(url, driving.SHAPED, response_format=City).choices[0].message.content
        assert City.model_validate_json(got) == City(city="Bern")

    def image(url):
        picture = {"url": f"data:image/png;base64,{driving.PNG}"}
        parts = [
            {"type": "text", "text": driving.PICTURE},
            {"type": "image_url", "image_url": picture},
        ]
        driving.seen(answer(url, parts).choices[0].message.content)

    def responses(url):
        got = litellm.responses(
            model=f"{prefix}/{driving.MODEL}",
            input=driving.PLAIN,
            api_base=url + path,
            api_key=driving.KEY,
        )
        driving.plain(got.output[-1].content[0].text)

    driving.drive(
        chat=chat,
        stream=stream,
        tools=tools,
        structured=structured,
        image=image,
        responses=responses,
        fifty=lambda url: driving.at_once(lambda: chat(url)),
    )
