"""An agent of pydantic-ai that calls a tool, traced by its own instrumentation."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
settings = InstrumentationSettings(tracer_provider=traces, version=5)
provider = OpenAIProvider(base_url=os.environ["PROVIDER"] + "/v1", api_key="k")
agent = Agent(
    OpenAIResponsesModel("gpt-4o-mini", provider=provider),
    name="greeter",
    instructions="Be brief.",
)


@agent.tool_plain
def weather(city: str) -> str:
    """d"""
    return "sunny" if city else ""


try:
    Agent.instrument_all(settings)
    agent.run_sync("Weather in Oslo?")
finally:
    traces.shutdown()
