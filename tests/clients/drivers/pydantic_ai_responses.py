"""pydantic-ai on responses."""

import driving
import pydantic_ai_model
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

pydantic_ai_model.drive(
    lambda url: OpenAIResponsesModel(
        driving.MODEL, provider=OpenAIProvider(base_url=f"{url}/v1", api_key=driving.KEY)
    )
)
