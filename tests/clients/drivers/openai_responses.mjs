// openai for node on responses.
import * as driving from "./driving.mjs";
const { default: OpenAI } = await import("openai");
const { zodTextFormat } = await import("openai/helpers/zod");
const { z } = await import("zod");

const client = (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: driving.KEY, maxRetries: 0 });
const asked = (input) => ({ model: driving.MODEL, instructions: "Be brief.", input });
const tool = {
  type: "function",
  name: "weather",
  strict: false,
  parameters: { type: "object", properties: { city: { type: "string" } } },
};

async function chat(url) {
  driving.plain((await client(url).responses.create(asked(driving.PLAIN))).output_text);
}

await driving.drive({
  chat,
  async stream(url) {
    const stream = client(url).responses.stream(asked(driving.PLAIN));
    driving.plain((await stream.finalResponse()).output_text);
  },
  async tools(url) {
    const input = [{ role: "user", content: driving.LOOP }];
    const more = { tools: [tool], store: false, include: ["reasoning.encrypted_content"] };
    for (let step = 0; step < 4; step += 1) {
      const got = await client(url).responses.stream({ ...asked(input), ...more }).finalResponse();
      const calls = got.output.filter((item) => item.type === "function_call");
      if (!calls.length) return driving.looped(got.output_text);
      // The parsed form of the helper is no field of the wire.
      input.push(...got.output.map(({ parsed_arguments, parsed, ...item }) => item));
      for (const call of calls) {
        const output = driving.weather(JSON.parse(call.arguments));
        input.push({ type: "function_call_output", call_id: call.call_id, output });
      }
    }
    throw new Error("no end of calls");
  },
  async structured(url) {
    const format = zodTextFormat(z.object({ city: z.string() }), "city");
    const got = await client(url).responses.parse({ ...asked(driving.SHAPED), text: { format } });
    driving.check(got.output_parsed.city, "Bern");
  },
  async image(url) {
    const content = [
      { type: "input_text", text: driving.PICTURE },
      { type: "input_image", detail: "auto", image_url: `data:image/png;base64,${driving.PNG}` },
    ];
    const got = await client(url).responses.create(asked([{ role: "user", content }]));
    driving.seen(got.output_text);
  },
  fifty: (url) => driving.atOnce(() => chat(url)),
});
