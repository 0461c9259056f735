// Claude Code with two environment variables and no other change; its own names of models.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as driving from "./driving.mjs";
import { fifty, home, run, session } from "./programs.mjs";

const SCHEMA = {
  type: "object", properties: { city: { type: "string" } }, required: ["city"],
};

const claude = (url, prompt, more = [], folder = home()) =>
  run("claude", ["-p", prompt, "--allowedTools", "Bash(echo:*) Read", ...more], {
    ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: driving.KEY,
    // Nothing but the gateway is to be asked in a test.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_AUTOUPDATER: "1",
  }, folder);

await driving.drive({
  async chat(url) {
    driving.plain(await claude(url, driving.PLAIN));
  },
  async stream(url) {
    const flags = ["--output-format", "stream-json", "--include-partial-messages", "--verbose"];
    driving.plain(await claude(url, driving.PLAIN, flags));
  },
  async tools(url) {
    driving.looped(await claude(url, "Run it. [[loop 3 Bash]]"));
  },
  async structured(url) {
    const flags = ["--output-format", "json", "--json-schema", JSON.stringify(SCHEMA)];
    const told = JSON.parse(await claude(url, `${driving.SHAPED} [[call 1 StructuredOutput]]`, flags));
    driving.check(told.structured_output.city, "Bern");
  },
  // Its own tool reads the file, and the picture comes back as the tool's result.
  async image(url) {
    const folder = home();
    writeFileSync(join(folder, "a.png"), Buffer.from(driving.PNG, "base64"));
    const prompt = `Look at it. [[call 1 Read ${join(folder, "a.png")}]]`;
    driving.seen(await claude(url, prompt, [], folder));
  },
  fifty: (url) => fifty(
    (question) => claude(url, question),
    (question) => session(url, "/v1/messages", {
      max_tokens: 900, messages: [{ role: "user", content: question }],
    }),
  ),
});
