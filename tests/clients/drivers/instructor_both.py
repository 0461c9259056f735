"""instructor over both vendors' SDKs: structured output in its modes. It runs no tools."""

import driving
import instructor
from anthropic import Anthropic
from instructor.processing.multimodal import Image
from openai import OpenAI
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    city: str


def gpt(url, mode):
    own = OpenAI(base_url=f"{url}/v1", api_key=driving.KEY, max_retries=0)
    return instructor.from_openai(own, mode=mode)


def asked(text=driving.SHAPED):
    return {
        "model": driving.MODEL,
        "max_tokens": 900,
        "max_retries": 0,
        "messages": [{"role": "user", "content": text}],
    }


def structured(url):
    for mode in (instructor.Mode.TOOLS, instructor.Mode.JSON_SCHEMA):
        got = gpt(url, mode).chat.completions.create(response_model=City, **asked())
        assert isinstance(got, City)


def anthropic(url):
    own = Anthropic(base_url=url, api_key=driving.KEY, max_retries=0)
    client = instructor.from_anthropic(own, mode=instructor.Mode.ANTHROPIC_TOOLS)
    got = client.messages.create(response_model=City, **asked())
    assert isinstance(got, City)


def answer(url, content):
    client = gpt(url, instructor.Mode.TOOLS)
    got = client.chat.completions.create(response_model=None, **asked(content))
    return got.choices[0].message.content


def chat(url):
    driving.plain(answer(url, driving.PLAIN))


def image(url):
    picture = Image.from_base64(f"data:image/png;base64,{driving.PNG}")
    driving.seen(answer(url, [driving.PICTURE, picture]))


def stream(url):
    client = gpt(url, instructor.Mode.TOOLS)
    got = list(client.chat.completions.create_partial(response_model=City, **asked()))
    assert got[-1].city


driving.drive(
    chat=chat,
    image=image,
    structured=structured,
    anthropic=anthropic,
    stream=stream,
    fifty=lambda url: driving.at_once(lambda: structured(url)),
)
