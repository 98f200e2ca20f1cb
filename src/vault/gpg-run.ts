/** Running the user's own gpg: never prompting by itself, answering on its status channel. */
import { MailkeyError } from "../errors.ts";
import { controllingTerminal } from "../platform/controlling-terminal.ts";
import type { Environment } from "../platform/paths.ts";
import { run, type RunResult } from "../platform/process.ts";
import type { Secret } from "../platform/secret.ts";

export interface Gpg {
  readonly program: string;
  /** Instead of `GNUPGHOME`. */
  readonly homedir: string | undefined;
  readonly env: Environment;
}

export interface GpgInput {
  readonly input?: Uint8Array | string;
  /** Goes through descriptor 3 into loopback pinentry; otherwise the agent asks by itself. */
  readonly passphrase?: Secret | undefined;
  readonly timeoutMs?: number;
}

/** A line of `--status-fd`: its keyword and its words. @see https://git.gnupg.org, doc/DETAILS */
export interface GpgStatus {
  readonly keyword: string;
  readonly words: readonly string[];
}

export interface GpgResult extends RunResult {
  readonly statuses: readonly GpgStatus[];
}

/**
 * Runs gpg with the user's gpg.conf: their keyring, agent and smartcard settings are why they chose gpg. `--quiet` is left
 * out on purpose: with it gpg keeps the reason of a failure to itself.
 *
 * @throws ERR_VAULT_UNUSABLE when gpg is not installed
 */
export async function runGpg(
  gpg: Gpg,
  args: readonly string[],
  { passphrase, ...input }: GpgInput = {},
): Promise<GpgResult> {
  const all = [
    "--batch",
    "--no-tty",
    ...(gpg.homedir === undefined ? [] : ["--homedir", gpg.homedir]),
    "--status-fd",
    "2",
    ...(passphrase === undefined ? [] : ["--pinentry-mode", "loopback", "--passphrase-fd", "3"]),
    ...args,
  ];
  try {
    const result = await run(gpg.program, all, {
      ...input,
      ...(passphrase === undefined ? {} : { extraInput: `${passphrase.reveal()}\n` }),
      env: withTerminal(gpg.env),
    });
    return { ...result, statuses: parseStatuses(result.stderr) };
  } catch (cause) {
    if (cause instanceof MailkeyError && cause.details?.["missing"] === true) {
      throw new MailkeyError("ERR_VAULT_UNUSABLE", `${gpg.program} is not installed`, {
        cause,
        hint: "install GnuPG (Debian, Ubuntu: apt install gnupg), or: mailkey vault init age",
        details: { reason: "gpg_missing" },
      });
    }
    throw cause;
  }
}

/** Pinentry finds its terminal through GPG_TTY; mail programs seldom set it. */
function withTerminal(env: Environment): Environment {
  if ((env["GPG_TTY"] ?? "") !== "") return env;
  const terminal = controllingTerminal();
  return terminal === undefined ? env : { ...env, GPG_TTY: terminal };
}

function parseStatuses(stderr: string): GpgStatus[] {
  const statuses: GpgStatus[] = [];
  for (const [, keyword = "", rest = ""] of stderr.matchAll(/^\[GNUPG:\] ([A-Z0-9_]+)(?: (.*))?$/gm)) {
    statuses.push({ keyword, words: rest.split(" ").filter((word) => word !== "") });
  }
  return statuses;
}
