"""openai-agents on chat completions."""

import openai_agents_model
from agents import OpenAIChatCompletionsModel

openai_agents_model.drive(OpenAIChatCompletionsModel)
