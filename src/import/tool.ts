/**
 * What an import is: another tool's file in, what it says about mailboxes out, in that tool's own values. `plan.ts` makes accounts of it.
 * A tool's module reads and understands; it writes nothing, and runs nothing but what it is handed in `ImportPorts`.
 */
import type { Account } from "../accounts/account.ts";
import { MailkeyError, type ErrorCode } from "../errors.ts";
import type { OAuthClient } from "../oauth/parties.ts";
import type { Environment } from "../platform/paths.ts";
import type { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import type { Endpoints, MailServer, Protocol } from "../providers/provider.ts";
import type { StoredAccessToken } from "../tokens/credential.ts";

/** A file of another tool's, as text: decrypted where it was encrypted. */
export interface ForeignFile {
  readonly path: string;
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly modifiedMs: number;
}

/** What a file says of one mailbox. */
export interface FoundAccount {
  readonly address: string;
  /** SASL user name, when it is not the address. */
  readonly user?: string | undefined;
  readonly client: {
    readonly id: string;
    /** Undefined for a public client. A command is kept as one. */
    readonly secret?: Secret | { readonly command: string } | undefined;
    /** What a client signs with in the place of a secret. */
    readonly key?: Account["client"]["key"] | undefined;
  };
  /** The application acts in its own name: there is no sign-in to carry over. */
  readonly grant?: "client_credentials" | undefined;
  readonly endpoints: Pick<Endpoints, "authorization" | "token" | "device">;
  /** As they were asked for, `offline_access` and the like included; undefined where the tool does not say. */
  readonly scopes?: readonly string[] | undefined;
  /** Undefined where the tool's is what everybody has: a loopback URI. */
  readonly redirectUri?: string | undefined;
  readonly servers?: { readonly [P in Protocol]?: MailServer };
  readonly refreshToken?: Secret | undefined;
  /** Its `scope` may be empty: then it is what the account asks for. */
  readonly accessToken?: StoredAccessToken | undefined;
  /** What could not be taken, and why: one sentence each, lower case, no full stop. */
  readonly notTaken: readonly string[];
}

/** A mailbox that the file names, and that no account can be made of. */
export interface Unusable {
  /** The address, or what the file calls the account. */
  readonly name: string;
  /** Why, and what to do. */
  readonly error: MailkeyError;
}

export type Found = FoundAccount | Unusable;

/** The world outside, as far as reading another tool's files needs it. */
export interface ImportPorts {
  readonly env: Environment;
  readonly home: string;
  /** `$XDG_CONFIG_HOME` and `$XDG_STATE_HOME`, or what they are by default. */
  readonly configHome: string;
  readonly stateHome: string;
  /** Given by the user for files that lack it. */
  readonly address: string | undefined;
  /** @param registration what mutt_oauth2.py calls it; "" elsewhere */
  readonly clientFor: (registration: string) => OAuthClient | undefined;
  /**
   * The text of a file beside the one that is imported; undefined when there is none.
   *
   * @throws ERR_UNTRUSTED_FILE, ERR_STORAGE, and what decrypting throws
   */
  readFile(path: string): Promise<ForeignFile | undefined>;
  /** The password that protects a mailbox's tokens; undefined when nobody can be asked. `again`: the last one was wrong. */
  askPassword(address: string, again: boolean): Promise<Secret | undefined>;
  /** What a command of the file's prints. Undefined unless the user allowed that: a file may come from anywhere. */
  readonly runCommand: ((command: string) => Promise<Secret>) | undefined;
  /** The secret that the Secret Service keeps under one attribute; undefined when there is none. */
  lookUp(attribute: string, value: string): Promise<Secret | undefined>;
}

export interface ImportTool {
  /** What follows `--from`. */
  readonly name: string;
  /** As people call it: `email-oauth2-proxy`. */
  readonly title: string;
  /** Where its file usually is. */
  usualFiles(ports: Pick<ImportPorts, "home" | "configHome">): readonly string[];
  /** By content: no other tool's file passes. */
  recognises(text: string): boolean;
  /** @throws ERR_CONFIG for a file that cannot be understood, quoting nothing of it */
  read(file: ForeignFile, ports: ImportPorts): Promise<readonly Found[]>;
}

/** @param reason without the name: lower case, no full stop. @param hint the next command */
export function unusable(name: string, reason: string, hint?: string, code: ErrorCode = "ERR_CONFIG"): Unusable {
  return { name, error: new MailkeyError(code, `cannot import ${peerText(name, 100)}: ${reason}`, { hint }) };
}

export function isUsable(found: Found): found is FoundAccount {
  return "client" in found;
}
