"""LangChain: a chat model, and the agent that calls its tools."""

import driving
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    city: str


weather = tool(driving.weather)


def drive(model):
    """``model`` takes a gateway's address."""

    def chat(url):
        driving.plain(model(url).invoke(driving.PLAIN).text)

    def stream(url):
        driving.plain("".join(chunk.text for chunk in model(url).stream(driving.PLAIN)))

    def tools(url):
        agent = create_agent(model(url), tools=[weather], system_prompt="Be brief.")
        done = agent.invoke({"messages": [{"role": "user", "content": driving.LOOP}]})
        driving.looped(done["messages"][-1].text)

    def structured(url):
        assert model(url).with_structured_output(City).invoke(driving.SHAPED) == City(city="Bern")

    def image(url):
        parts = [
            {"type": "text", "text": driving.PICTURE},
            {"type": "image", "base64": driving.PNG, "mime_type": "image/png"},
        ]
        driving.seen(model(url).invoke([HumanMessage(content=parts)]).text)

    driving.drive(
        chat=chat,
        stream=stream,
        tools=tools,
        structured=structured,
        image=image,
        fifty=lambda url: driving.at_once(lambda: chat(url)),
    )
