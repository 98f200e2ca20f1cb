/**
 * What a check is. One check per file in `checks/`; `checks.ts` lists them, `run.ts` runs them all at once under time limits.
 *
 * Each cause is reported once, by the check whose cause it is: a check that needs a fact which another check examines (an open vault, a
 * valid token) returns no finding when that fact is not to be had. A healthy machine yields no finding at all, so there is no praise here.
 */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import type { Config } from "../accounts/config.ts";
import type { StatusReply } from "../agent/status.ts";
import type { FoundProgram } from "../clients/recipe.ts";
import type { MailkeyError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Fetch } from "../platform/http.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import type { Secret } from "../platform/secret.ts";
import type { StatusReply as ProxyStatus } from "../proxy/status.ts";
import type { Credential } from "../tokens/credential.ts";
import type { TokenAnswer, TokenPorts, TokenRequest } from "../tokens/get-token.ts";
import type { VaultSettings } from "../vault/settings.ts";

/** `error`: something does not work. `warning`: it works, and will not for long, or not everywhere, or not safely. */
export type Severity = "error" | "warning";

export interface Finding {
  readonly severity: Severity;
  /** What was seen: facts, with paths, numbers and the other side's words. One sentence, lower case, no full stop, never a secret. */
  readonly seen: string;
  /** What it means for the user: what fails because of it. One or two sentences. */
  readonly means: string;
  /** The commands that mend it, to be typed in this order; empty only where no command can (then `advice` says what to do). */
  readonly remedy: readonly string[];
  /** What cannot be typed: a setting on a web page, an administrator's decision. */
  readonly advice?: string;
  /** Mends it without any risk of losing something. Present only where that is certain: `--fix` runs it. */
  readonly fix?: Fix;
  readonly sources?: readonly string[];
}

export interface Fix {
  /** What it does, as a line for people: `chmod go= FILE`. */
  readonly does: string;
  run(): Promise<void> | void;
}

/** The machine that is examined. Everything outside the process goes through this, so that tests can break it. */
export interface Machine {
  readonly env: Environment;
  readonly paths: Paths;
  readonly clock: Clock;
  /** Aborted by Ctrl-C and at the end of the check's time. */
  readonly signal: AbortSignal;
  /** Defaults when config.toml cannot be read, which is a finding of its own check. */
  readonly config: Config;
  readonly ports: TokenPorts;
  readonly fetch: Fetch;
  /** This program's absolute path, as mail programs are to run it. */
  readonly mailkey: string;
  /** Absolute path of a system file (`/etc/…`, `/sys/…`, `/proc/…`): below another root in tests. */
  system(path: string): string;
  /** An executable on PATH, with its version; looked up once. */
  find(executable: string, version?: VersionQuestion): Promise<FoundProgram | undefined>;
  /** What the active vault says when it is tried out; tried once. */
  vault(): Promise<VaultLook>;
  /** Whether there is an agent, and what it says of itself; asked once. */
  agent(): Promise<AgentLook>;
  /** What a running mail proxy says of itself; asked once. */
  mailProxy(): Promise<MailProxyLook | undefined>;
  /** The accounts that can be read; those that cannot are a finding of their own check. */
  readonly accounts: readonly AccountSubject[];
}

export interface VaultLook {
  /** Undefined before the first use, and when vault.toml cannot be read. */
  readonly settings: VaultSettings | undefined;
  /** Why it cannot be used; undefined when it can. `details.reason` tells the reasons apart. */
  readonly failure: MailkeyError | undefined;
}

/**
 * `none`: there is no socket. `dead`: there is one, and nobody listens. `silent`: somebody does, and says nothing. `stranger`: it answers,
 * but not for these folders, or not in words that are understood.
 */
export type AgentLook =
  | { readonly kind: "none" | "dead" | "silent" | "stranger" }
  | {
      readonly kind: "running";
      readonly status: Pick<StatusReply, "version" | "state" | "started_by" | "token_files">;
    };

export type MailProxyLook = Pick<ProxyStatus, "version" | "started_by" | "agent">;

export interface VersionQuestion {
  readonly args: readonly string[];
  readonly pattern: RegExp;
}

/** One account of the machine. The promises are shared by all checks: the vault is opened and the provider asked once. */
export interface AccountSubject {
  readonly machine: Machine;
  readonly account: ResolvedAccount;
  /** What the vault holds; undefined when it cannot be had, for whatever reason. */
  credential(): Promise<Credential | undefined>;
  /** How reading the vault ended, undefined when nothing is stored: what the check for stored credentials reports. */
  stored(): Promise<Credential | Error | undefined>;
  /** A token for the default resource, renewed now; undefined when it cannot be had. */
  token(): Promise<FreshToken | undefined>;
  /** A token like any program gets it, for what `token` does not tell; waited for before the process ends. @throws as `getToken` does */
  getToken(request: TokenRequest): Promise<TokenAnswer>;
  /** How `token` ended: what the check for renewal reports. */
  renewal(): Promise<TokenAnswer | Error>;
}

export interface FreshToken {
  readonly value: Secret;
  readonly scope: string;
  readonly expiresAtMs: number;
}

interface CheckBase {
  /** Lower case, words joined by hyphens; the file's name. Part of the command line's interface (`--json`, `--only`). */
  readonly id: string;
  /** What is looked at, for the progress line: `owner and mode of mailkey's files`. */
  readonly title: string;
  /** The worst that it reports: for the list in docs/doctor.md. */
  readonly worst: Severity;
}

/** Looks at the machine once. */
export interface MachineCheck extends CheckBase {
  readonly of: "machine";
  examine(machine: Machine): Promise<readonly Finding[]> | readonly Finding[];
}

/** Looks at each account; at mailboxes that share a credential either one by one or, where it is about the credential, once. */
export interface AccountCheck extends CheckBase {
  readonly of: "account" | "credential";
  examine(subject: AccountSubject): Promise<readonly Finding[]> | readonly Finding[];
}

export type Check = MachineCheck | AccountCheck;
