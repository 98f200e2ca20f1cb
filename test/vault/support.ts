/** Real folders, keys and programs for the vault tests. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { accessSync, constants } from "node:fs";
import { MailkeyError } from "../../src/errors.ts";
import type { Environment, Paths } from "../../src/platform/paths.ts";
import { run } from "../../src/platform/process.ts";

/** As a credential looks: JSON with long strings. */
export const CREDENTIAL = new TextEncoder().encode(
  JSON.stringify({ version: 1, refreshToken: "M.C555_BAY.0.U.-Crefresh".repeat(20), accessTokens: {} }),
);
export const NAME = "me@example.com";

/** A folder with a short path: the agent's socket in it must stay below 108 bytes. */
export function shortFolder(): { path: string; dispose: () => void } {
  const path = mkdtempSync("/tmp/mkv-");
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

export function pathsIn(folder: string): Paths {
  return { config: join(folder, "config"), state: join(folder, "state"), runtime: join(folder, "run") };
}

/** The environment of a user with an empty home: no gpg, no bus, no display of the developer's. */
export function cleanEnv(home: string, more: Record<string, string> = {}): Environment {
  return { PATH: process.env["PATH"], HOME: home, GNUPGHOME: join(home, "gnupg"), ...more };
}

/** A GNUPGHOME with its agent; `dispose` ends the agent. */
export function gnupgHome(home: string): { path: string; dispose: () => Promise<void> } {
  const path = join(home, "gnupg");
  mkdirSync(path, { mode: 0o700 });
  return {
    path,
    async dispose() {
      await run("gpgconf", ["--homedir", path, "--kill", "all"]);
    },
  };
}

/** The agent reads its configuration anew and forgets passphrases. */
export async function configureAgent(gnupg: string, lines: string): Promise<void> {
  writeFileSync(join(gnupg, "gpg-agent.conf"), lines);
  await run("gpgconf", ["--homedir", gnupg, "--kill", "gpg-agent"]);
}

export function writeExecutable(path: string, content: string): string {
  writeFileSync(path, content, { mode: 0o755 });
  return path;
}

export function writeSecretFile(path: string, content: string): string {
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

export function isInstalled(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether tests that need these programs may be left out: never in CI, where missing is a failure. */
export function maySkip(...programs: string[]): boolean {
  return process.env["CI"] !== "true" && !programs.every((program) => isInstalled(program));
}

/** The mailkey error that `task` ends with; anything else fails the test. */
export async function failureOf(task: Promise<unknown>): Promise<MailkeyError> {
  try {
    await task;
  } catch (error) {
    if (error instanceof MailkeyError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
