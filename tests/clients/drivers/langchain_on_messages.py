"""LangChain on messages."""

import driving
import langchain_model
from langchain_anthropic import ChatAnthropic

langchain_model.drive(
    lambda url: ChatAnthropic(
        model=driving.MODEL,
        base_url=url,
        api_key=driving.KEY,
        temperature=0.3,
        max_tokens=500,
        max_retries=0,
    )
)
