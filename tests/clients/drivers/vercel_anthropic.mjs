// Vercel's ai on messages.
import * as driving from "./driving.mjs";
import { drive } from "./vercel_model.mjs";
const { createAnthropic } = await import("@ai-sdk/anthropic");

await drive((url) => createAnthropic({ baseURL: `${url}/v1`, apiKey: driving.KEY })(driving.MODEL));
