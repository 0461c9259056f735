"""openai-agents with its default class of models: responses."""

import openai_agents_model
from agents import OpenAIResponsesModel

openai_agents_model.drive(OpenAIResponsesModel)
