// Programs of the command line, each run in a folder and a home of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const BIN = dirname(process.execPath);

export function home() {
  return mkdtempSync(join(tmpdir(), "client-"));
}

export function run(name, args, env, folder, seconds = 240) {
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
      if (code) reject(new Error(`exit ${code}: ${(out + err).slice(-600)}`));
      else resolve(out + err);
    });
  });
}
