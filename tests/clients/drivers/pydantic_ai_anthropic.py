"""pydantic-ai on messages. Of a name it does not know it assumes no native output."""

import driving
import pydantic_ai_model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

pydantic_ai_model.drive(
    lambda url: AnthropicModel(
        driving.MODEL, provider=AnthropicProvider(base_url=url, api_key=driving.KEY)
    ),
    native=False,
)
