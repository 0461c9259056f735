// Codex with a provider of its own configuration; its default name of a model.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as driving from "./driving.mjs";
import { home, run } from "./programs.mjs";

function codex(url, prompt, model) {
  const folder = home();
  mkdirSync(join(folder, ".codex"));
  writeFileSync(join(folder, ".codex", "config.toml"), [
    `model = "${model}"`,
    'model_provider = "here"',
    "[model_providers.here]",
    'name = "here"',
    `base_url = "${url}/v1"`,
    'env_key = "HERE_KEY"',
    'wire_api = "responses"',
    "",
  ].join("\n"));
  const flags = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
  return run("codex", [...flags, prompt], { HERE_KEY: driving.KEY }, folder);
}

await driving.drive({
  async chat(url) {
    driving.plain(await codex(url, driving.PLAIN, driving.MODEL));
    driving.plain(await codex(url, driving.PLAIN, "gpt-5.5"));
  },
  async tools(url) {
    driving.looped(await codex(url, "Run it. [[loop 3 exec_command]]", driving.MODEL));
  },
});
