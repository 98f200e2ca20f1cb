/** Which mailkey a mail program runs: an old one in front of this one on PATH, or broken, makes mended things look broken. */
import { isMailkeyError } from "../../errors.ts";
import { findExecutables } from "../../platform/executables.ts";
import { run } from "../../platform/process.ts";
import { shellLine } from "../../platform/shell.ts";
import { peerText } from "../../platform/text.ts";
import { VERSION } from "../../version.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { realPathOf } from "../files.ts";

const VERSION_TIMEOUT_MS = 3000;

export const otherMailkeys: MachineCheck = {
  id: "other-mailkeys",
  title: "other mailkeys on PATH",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    const found = findExecutables("mailkey", machine.env);
    const others = found.filter((path) => realPathOf(path) !== realPathOf(machine.mailkey));
    return (await Promise.all(others.map((path) => examineOther(path, found[0] === path, machine)))).flat();
  },
};

async function examineOther(path: string, first: boolean, { env, mailkey, signal }: Machine): Promise<Finding[]> {
  const version = await versionOf(path, env, signal);
  if (version === VERSION) return [];
  return [
    {
      severity: "warning",
      seen: `${path} is another mailkey: it ${version === undefined ? "does not tell its version" : `says ${version}`}, this one is ${VERSION}`,
      means: first
        ? `It comes first on PATH: it is what runs when you type mailkey. The one that speaks here is ${mailkey}.`
        : "Programs with another PATH, timers among them, may run it instead of this one.",
      remedy: [shellLine([path, "--version"]), shellLine(["rm", path])],
      advice: "Remove it if it is an old copy; if it came in a package, remove or update that.",
    },
  ];
}

async function versionOf(path: string, env: Machine["env"], signal: AbortSignal): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ["--version"], { env, signal, timeoutMs: VERSION_TIMEOUT_MS });
    const said = /^mailkey (\S+)/.exec(new TextDecoder().decode(stdout))?.[1];
    return said === undefined ? undefined : peerText(said, 30);
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}
