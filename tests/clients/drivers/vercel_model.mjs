// Vercel's ai over a model of one of its providers.
import * as driving from "./driving.mjs";
const { generateText, streamText, tool, stepCountIs, Output } = await import("ai");
const { z } = await import("zod");

export async function drive(model) {
  const asked = (url) => ({ model: model(url), maxRetries: 0, maxOutputTokens: 900 });
  const chat = async (url) => {
    driving.plain((await generateText({ ...asked(url), prompt: driving.PLAIN })).text);
  };
  const weather = tool({
    description: "The weather in a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async (given) => driving.weather(given),
  });
  const content = [
    { type: "text", text: driving.PICTURE },
    { type: "image", image: Buffer.from(driving.PNG, "base64"), mediaType: "image/png" },
  ];
  await driving.drive({
    chat,
    async stream(url) {
      const streamed = streamText({ ...asked(url), prompt: driving.PLAIN, onError() {} });
      driving.plain(await streamed.text);
    },
    async tools(url) {
      const more = { tools: { weather }, stopWhen: stepCountIs(5), prompt: driving.LOOP };
      driving.looped((await generateText({ ...asked(url), ...more })).text);
      driving.looped(await streamText({ ...asked(url), ...more, onError() {} }).text);
    },
    async structured(url) {
      const output = Output.object({ schema: z.object({ city: z.string() }) });
      const got = await generateText({ ...asked(url), prompt: driving.SHAPED, output });
      driving.check(got.output.city, "Bern");
    },
    async image(url) {
      const got = await generateText({ ...asked(url), messages: [{ role: "user", content }] });
      driving.seen(got.text);
    },
    fifty: (url) => driving.atOnce(() => chat(url)),
  });
}
