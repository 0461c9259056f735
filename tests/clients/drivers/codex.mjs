// Codex with a provider of its own configuration; its default name of a model.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as driving from "./driving.mjs";
import { fifty, home, run, session } from "./programs.mjs";

const SCHEMA = {
  type: "object", properties: { city: { type: "string" } }, required: ["city"],
  additionalProperties: false,
};

function codex(url, prompt, more = [], files = {}, model = driving.MODEL) {
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
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const flags = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
  return run("codex", [...flags, ...more, "--", prompt], { HERE_KEY: driving.KEY }, folder);
}

await driving.drive({
  async chat(url) {
    driving.plain(await codex(url, driving.PLAIN));
    driving.plain(await codex(url, driving.PLAIN, [], {}, "gpt-5.5"));
  },
  // It asks for streams only; here they are read from its events.
  async stream(url) {
    const events = (await codex(url, driving.PLAIN, ["--json"])).split("\n");
    const said = events.filter((line) => line.includes('"agent_message"')).map(JSON.parse);
    driving.plain(said.at(-1).item.text);
  },
  async tools(url) {
    driving.looped(await codex(url, "Run it. [[loop 3 exec_command]]"));
  },
  async structured(url) {
    const files = { "shape.json": JSON.stringify(SCHEMA) };
    const told = await codex(url, driving.SHAPED, ["--output-schema", "shape.json"], files);
    driving.check(told, '{"city": "Bern"}');
  },
  async image(url) {
    const files = { "a.png": Buffer.from(driving.PNG, "base64") };
    driving.seen(await codex(url, driving.PICTURE, ["-i", "a.png"], files));
  },
  fifty: (url) => fifty(
    (question) => codex(url, question),
    (question) => session(url, "/v1/responses", { input: question }),
  ),
});
