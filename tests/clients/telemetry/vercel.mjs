// Vercel's ai, 5 and 7: the same calls, traced by its own telemetry.
import { NodeTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { createOpenAI } from "@ai-sdk/openai";
import { z } from "zod";
import * as ai from "ai";

const traces = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
traces.register();
const seven = process.env.INSTRUMENTATION === "vercel-7";
if (seven) {
  const { OpenTelemetry } = await import("@ai-sdk/otel");
  ai.registerTelemetry(new OpenTelemetry());
}
const telemetry = seven
  ? {}
  : { experimental_telemetry: { isEnabled: true, functionId: "greet", metadata: { team: "x" } } };
const openai = createOpenAI({ baseURL: process.env.PROVIDER + "/v1", apiKey: "k" });
const asked = { model: openai.responses("gpt-4o-mini"), maxRetries: 0, ...telemetry };
const weather = ai.tool({
  description: "d",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => "sunny",
});
await ai.generateText({ ...asked, system: "Be brief.", prompt: "Say hello." });
await ai.generateText({
  ...asked, prompt: "Weather in Oslo?", tools: { weather },
  stopWhen: (seven ? ai.isStepCount : ai.stepCountIs)?.(3) ?? ai.stepCountIs(3),
});
await ai.streamText({ ...asked, prompt: "Say hello.", onError() {} }).text;
await traces.shutdown();
