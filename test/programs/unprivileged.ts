/**
 * A mailbox whose owner is not root, for programs that refuse root. Where the tests run as root, as in CI, everything in the home folder is
 * handed to the user `mail`, with a copy of mailkey that this user can reach; otherwise it is the tester's own already.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { ARTEFACT, succeeded, type Result, type RunOptions } from "../e2e/harness.ts";
import type { Mailbox } from "./harness.ts";

const USER = "mail";
export const IS_ROOT = process.getuid?.() === 0;

export interface Owner {
  /** The system's name of the user. */
  readonly name: string;
  /** Runs a program as the owner, under the time limit. */
  run(program: string, args?: readonly string[], options?: RunOptions): Promise<Result>;
  /** The same; a failure fails the test. */
  runs(program: string, args?: readonly string[], options?: RunOptions): Promise<Result>;
  mailkey(args: readonly string[]): Promise<Result>;
}

/** Makes the mailbox's files the owner's. To be called once, when the mailbox is open. */
export function handOver(mailbox: Mailbox): Owner {
  const name = IS_ROOT ? USER : spawnSync("id", ["-un"], { encoding: "utf8" }).stdout.trim();
  const mailkey = mailbox.path("bin", "mailkey");
  mkdirSync(mailbox.path("bin"), { recursive: true });
  copyFileSync(ARTEFACT, mailkey);
  if (IS_ROOT) spawnSync("chown", ["-R", `${USER}:${USER}`, mailbox.home.folder]);
  const run = (program: string, args: readonly string[] = [], { env, ...options }: RunOptions = {}) => {
    const words = [program, ...args];
    const asOwner = IS_ROOT ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", ...words] : words;
    const [first = "", ...rest] = asOwner;
    return mailbox.run(first, rest, { ...options, env: { LOGNAME: name, ...env } });
  };
  return {
    name,
    run,
    runs: async (...call) => succeeded(await run(...call)),
    mailkey: (args) => run(mailkey, args),
  };
}
