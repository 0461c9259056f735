// Claude Code with two environment variables and no other change; its own names of models.
import * as driving from "./driving.mjs";
import { home, run } from "./programs.mjs";

const claude = (url, prompt, ...more) =>
  run("claude", ["-p", prompt, "--allowedTools", "Bash(echo:*)", ...more], {
    ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: driving.KEY,
    // Nothing but the gateway is to be asked in a test.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_AUTOUPDATER: "1",
  }, home());

await driving.drive({
  async chat(url) {
    driving.plain(await claude(url, driving.PLAIN));
  },
  async stream(url) {
    const flags = ["--output-format", "stream-json", "--include-partial-messages", "--verbose"];
    driving.plain(await claude(url, driving.PLAIN, ...flags));
  },
  async tools(url) {
    driving.looped(await claude(url, "Run it. [[loop 3 Bash]]"));
  },
});
