/** Carries a plan out: writes, removes, and has the service manager do its part, as far as there is one to talk to. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { MailkeyError } from "../../errors.ts";
import { removeFile, resolveLink, storageError, writeAtomically } from "../../platform/files.ts";
import type { RunResult } from "../../platform/process.ts";
import { shellLine } from "../../platform/shell.ts";
import { peerText } from "../../platform/text.ts";
import type { InstallPlan, Step } from "./plan.ts";

export interface CarryOutPorts {
  readonly run: (words: readonly [string, ...string[]]) => Promise<RunResult>;
  /** Told of each step once it is done. */
  readonly onDone: (step: Step) => void;
}

/** Nothing secret, and `systemctl` shows it to everybody anyway. */
const PUBLIC_FILE = 0o644;

/**
 * @returns the commands that are left to be typed, because this user has no service manager at the moment: no session, as with `su` or in
 * a container
 * @throws ERR_STORAGE, ERR_PROGRAM
 */
export async function carryOut({ manager, steps }: InstallPlan, ports: CarryOutPorts): Promise<readonly string[]> {
  const isUp = manager === "launchd" || steps.length === 0 || (await hasUserManager(ports));
  const left: string[] = [];
  for (const step of steps) {
    if (step.kind === "write") write(step.path, step.content);
    else if (step.kind === "remove") removeFile(step.path);
    else if (isUp) await runStep(step, ports);
    else {
      left.push(shellLine(step.words));
      continue;
    }
    ports.onDone(step);
  }
  return left;
}

/** Whether this user's systemd can be talked to. */
export async function hasUserManager({ run }: Pick<CarryOutPorts, "run">): Promise<boolean> {
  return (await run(["systemctl", "--user", "show-environment"])).status === 0;
}

async function runStep({ words, mayFail }: Step & { readonly kind: "run" }, { run }: CarryOutPorts): Promise<void> {
  const { status, stderr } = await run(words);
  if (status === 0 || mayFail === true) return;
  throw new MailkeyError("ERR_PROGRAM", `${shellLine(words)} failed: ${peerText(stderr, 300)}`, {
    hint:
      words[0] === "systemctl" ? shellLine(["systemctl", "--user", "status", words.at(-1) ?? ""]) : shellLine(words),
  });
}

function write(path: string, content: string): void {
  const target = resolveLink(path);
  try {
    mkdirSync(dirname(target), { recursive: true });
  } catch (error) {
    throw storageError(`cannot create ${dirname(target)}`, error);
  }
  writeAtomically(target, content, { mode: PUBLIC_FILE });
}
