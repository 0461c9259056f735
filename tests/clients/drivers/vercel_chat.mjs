// Vercel's ai on chat completions.
import * as driving from "./driving.mjs";
import { drive } from "./vercel_model.mjs";
const { createOpenAI } = await import("@ai-sdk/openai");

const at = (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: driving.KEY });
await drive((url) => at(url).chat(driving.MODEL));
