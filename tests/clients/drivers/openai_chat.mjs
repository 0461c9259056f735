// openai for node on chat completions: whole, streamed, runTools, zod.
import * as driving from "./driving.mjs";
const { default: OpenAI } = await import("openai");
const { zodResponseFormat } = await import("openai/helpers/zod");
const { z } = await import("zod");

const client = (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: driving.KEY, maxRetries: 0 });
const asked = (content) => ({
  model: driving.MODEL,
  max_tokens: 500,
  messages: [{ role: "system", content: "Be brief." }, { role: "user", content }],
});
const tool = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } } },
    function: driving.weather,
    parse: JSON.parse,
  },
};

async function chat(url) {
  const got = await client(url).chat.completions.create({ ...asked(driving.PLAIN), temperature: 0.3 });
  driving.plain(got.choices[0].message.content);
}

await driving.drive({
  chat,
  async stream(url) {
    const stream = client(url).chat.completions.stream(asked(driving.PLAIN));
    driving.plain((await stream.finalChatCompletion()).choices[0].message.content);
  },
  async tools(url) {
    for (const stream of [false, true]) {
      const runner = client(url).chat.completions.runTools({
        ...asked(driving.LOOP), tools: [tool], ...(stream ? { stream: true } : {}),
      });
      driving.looped(await runner.finalContent());
    }
  },
  async structured(url) {
    const format = zodResponseFormat(z.object({ city: z.string() }), "city");
    const got = await client(url).chat.completions.parse({
      ...asked(driving.SHAPED), response_format: format,
    });
    driving.check(got.choices[0].message.parsed.city, "Bern");
  },
  async image(url) {
    const picture = { url: `data:image/png;base64,${driving.PNG}` };
    const got = await client(url).chat.completions.create(
      asked([{ type: "text", text: driving.PICTURE }, { type: "image_url", image_url: picture }]),
    );
    driving.seen(got.choices[0].message.content);
  },
  fifty: (url) => driving.atOnce(() => chat(url)),
});
