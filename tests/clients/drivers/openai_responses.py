"""openai for Python on responses."""

import json

import driving
from openai import OpenAI
from pydantic import BaseModel

TOOL = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class City(BaseModel):
    city: str


def client(url):
    return OpenAI(base_url=f"{url}/v1", api_key=driving.KEY, max_retries=0)


def answer(url, asked=driving.PLAIN, **more):
    more = {"max_output_tokens": 500, "reasoning": {"effort": "low"}} | more
    return client(url).responses.create(
        model=driving.MODEL, instructions="Be brief.", input=asked, **more
    )


def chat(url):
    driving.plain(answer(url).output_text)


def stream(url):
    with client(url).responses.stream(model=driving.MODEL, input=driving.PLAIN) as streamed:
        text = "".join(e.delta for e in streamed if e.type == "response.output_text.delta")
        driving.plain(text)
        driving.plain(streamed.get_final_response().output_text)
    events = list(answer(url, stream=True))
    assert events[-1].type == "response.completed"


def tools(url):
    by_items = [{"role": "user", "content": driving.LOOP}]
    for _ in range(4):
        more = {"tools": [TOOL], "store": False, "include": ["reasoning.encrypted_content"]}
        got = answer(url, by_items, **more)
        calls = [item for item in got.output if item.type == "function_call"]
        if not calls:
            driving.looped(got.output_text)
            break
        by_items += [item.to_dict() for item in got.output]
        by_items += outputs(calls)
    else:
        raise AssertionError("no end of calls")
    got = answer(url, driving.LOOP, tools=[TOOL])
    for _ in range(3):
        calls = [item for item in got.output if item.type == "function_call"]
        got = answer(url, outputs(calls), tools=[TOOL], previous_response_id=got.id)
    driving.looped(got.output_text)


def outputs(calls):
    return [
        {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": driving.weather(**json.loads(call.arguments)),
        }
        for call in calls
    ]


def structured(url):
    parsed = client(url).responses.parse(
        model=driving.MODEL, input=driving.SHAPED, text_format=City
    )
    assert parsed.output_parsed == City(city="Bern")


def image(url):
    parts = [
        {"type": "input_text", "text": driving.PICTURE},
        {"type": "input_image", "image_url": f"data:image/png;base64,{driving.PNG}"},
    ]
    driving.seen(answer(url, [{"role": "user", "content": parts}]).output_text)


driving.drive(
    chat=chat,
    stream=stream,
    tools=tools,
    structured=structured,
    image=image,
    fifty=lambda url: driving.at_once(lambda: chat(url)),
)
