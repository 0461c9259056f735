// Anthropic's SDK for node: messages, the stream helper, toolRunner.
import * as driving from "./driving.mjs";
const { default: Anthropic } = await import("@anthropic-ai/sdk");
const { betaZodTool } = await import("@anthropic-ai/sdk/helpers/beta/zod");
const { zodOutputFormat } = await import("@anthropic-ai/sdk/helpers/zod");
const { z } = await import("zod");

const client = (url) => new Anthropic({ baseURL: url, apiKey: driving.KEY, maxRetries: 0 });
const asked = (content, max_tokens = 2000) => ({
  model: driving.MODEL, max_tokens, system: "Be brief.", messages: [{ role: "user", content }],
});
const last = (message) => message.content.at(-1).text;

async function chat(url) {
  driving.plain(last(await client(url).messages.create(asked(driving.PLAIN))));
}

await driving.drive({
  chat,
  async stream(url) {
    const stream = client(url).messages.stream(asked(driving.PLAIN, 30000));
    driving.plain(await stream.finalText());
  },
  async tools(url) {
    const tool = betaZodTool({
      name: "weather", description: "The weather in a city",
      inputSchema: z.object({ city: z.string() }), run: driving.weather,
    });
    for (const stream of [false, true]) {
      const runner = client(url).beta.messages.toolRunner({
        ...asked(driving.LOOP), tools: [tool], stream,
      });
      driving.looped(last(await runner.runUntilDone()));
    }
  },
  async structured(url) {
    const format = zodOutputFormat(z.object({ city: z.string() }));
    const got = await client(url).messages.parse({
      ...asked(driving.SHAPED), output_config: { format },
    });
    driving.check(got.parsed_output.city, "Bern");
  },
  async image(url) {
    const source = { type: "base64", media_type: "image/png", data: driving.PNG };
    const content = [{ type: "text", text: driving.PICTURE }, { type: "image", source }];
    driving.seen(last(await client(url).messages.create(asked(content))));
  },
  fifty: (url) => driving.atOnce(() => chat(url)),
});
