/** The user's gpg as vault.toml describes it, and what its agent is told to do. */
import { join } from "node:path";
import { homeFolder } from "../platform/paths.ts";
import { run } from "../platform/process.ts";
import type { Gpg } from "../vault/gpg-run.ts";
import { gpgProgram } from "../vault/gpg.ts";
import { settingsPath, type VaultSettings } from "../vault/settings.ts";
import type { Machine } from "./check.ts";
import { readConfig } from "./configs/read.ts";
import { realPathOf } from "./files.ts";

const GPGCONF_TIMEOUT_MS = 3000;

export function gpgOf(settings: VaultSettings | undefined, { paths, env }: Machine): Gpg {
  const { program, homedir } = settings?.gpg ?? {};
  return gpgProgram(env, program, homedir === undefined ? undefined : settingsPath(homedir, paths, env));
}

/** The folder of gpg's own settings. */
export function gnupgFolder({ env, homedir }: Gpg): string {
  const home = env["GNUPGHOME"] ?? "";
  return homedir ?? (home === "" ? join(homeFolder(env), ".gnupg") : home);
}

/** A setting of gpg-agent.conf or gpg.conf with its value, and the line it is on. */
export interface GpgOption {
  readonly path: string;
  readonly line: number;
  readonly value: string;
}

export function gpgOption(gpg: Gpg, file: "gpg.conf" | "gpg-agent.conf", name: string): GpgOption | undefined {
  const path = join(gnupgFolder(gpg), file);
  const lines = linesOf(path);
  const index = lines.findLastIndex((line) => line.split(/\s+/, 1)[0]?.replace(/^--/, "") === name);
  if (index < 0) return undefined;
  return { path, line: index + 1, value: (lines[index] ?? "").replace(/^\S+\s*/, "") };
}

/** The program that the agent asks for passphrases with, links followed: `pinentry-curses`, … */
export async function pinentryProgram(gpg: Gpg): Promise<string | undefined> {
  const own = gpgOption(gpg, "gpg-agent.conf", "pinentry-program");
  return realPathOf(own?.value ?? (await usualPinentry(gpg)));
}

/** @see gpgconf(1), --list-components: name, description and path, percent-encoded */
async function usualPinentry({ env }: Gpg): Promise<string> {
  const { stdout } = await run("gpgconf", ["--list-components"], { env, timeoutMs: GPGCONF_TIMEOUT_MS });
  const path = /^pinentry:[^:]*:(.*)$/m.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
  return decodeURIComponent(path.split(":", 1)[0] ?? "");
}

function linesOf(path: string): string[] {
  return (readConfig(path) ?? "").split("\n").map((line) => line.trim());
}
