// Vercel's ai with its default for OpenAI: responses.
import * as driving from "./driving.mjs";
import { drive } from "./vercel_model.mjs";
const { createOpenAI } = await import("@ai-sdk/openai");

await drive((url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: driving.KEY })(driving.MODEL));
