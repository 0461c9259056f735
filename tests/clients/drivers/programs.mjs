// Programs of the command line, each run in a folder and a home of its own.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MANY, PLAIN, plain } from "./driving.mjs";

export const BIN = dirname(process.execPath);
// Of fifty sessions at once, how many are programs: 52 before four gateways. Fifty of the largest
// would take some 15 GB, and two cores minutes to start.
const PROGRAMS = 13;

export function home() {
  return mkdtempSync(join(tmpdir(), "client-"));
}

export function run(name, args, env, folder, seconds = 1500) {
  return new Promise((resolve, reject) => {
    const kept = { PATH: process.env.PATH, LANG: process.env.LANG ?? "C.UTF-8" };
    const program = join(process.env.PACKAGES, "node_modules", ".bin", name);
    const child = spawn(program, args, {
      cwd: folder, env: { ...kept, HOME: folder, ...env }, stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0) reject(new Error(`exit ${code}: ${(out + err).slice(-600)}`));
      else resolve(out + err);
    });
  });
}

// Fifty sessions at once: programs, and for the rest streams without a client. The vendor answers
// none before all fifty are there.
export async function fifty(program, session) {
  const question = `${PLAIN} [[together ${MANY} ${randomBytes(6).toString("hex")}]]`;
  const asked = Array.from({ length: MANY }, (_, n) => (n < PROGRAMS ? program : session)(question));
  for (const told of await Promise.all(asked)) plain(told);
}

// A streamed question without any client; the words of its answer.
export async function session(url, path, body) {
  const headers = { "content-type": "application/json", "anthropic-version": "2023-06-01" };
  const asked = { model: "auto", stream: true, ...body };
  const got = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(asked) });
  const events = (await got.text()).split("\n").filter((line) => line.startsWith("data: {"));
  const deltas = events.map((line) => JSON.parse(line.slice(6)).delta);
  return deltas.map((said) => (typeof said === "string" ? said : said?.text ?? "")).join("");
}
