"""LangChain on chat completions."""

import driving
import langchain_model
from langchain_openai import ChatOpenAI

langchain_model.drive(
    lambda url: ChatOpenAI(
        model=driving.MODEL,
        base_url=f"{url}/v1",
        api_key=driving.KEY,
        temperature=0.3,
        max_tokens=500,
        max_retries=0,
    )
)
