/** What the proxy is made of besides its sockets: replaceable, so that what it does with them can be tried without accounts. */
import type { Config } from "../accounts/config.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import type { Mailboxes } from "./mailboxes.ts";
import type { Passwords } from "./passwords/passwords.ts";
import type { Problem } from "./status.ts";
import type { Upstream } from "./upstream/upstream.ts";

export interface Parts {
  readonly passwords: Passwords;
  readonly mailboxes: Mailboxes;
  readonly upstream: Upstream;
  /** @returns undefined when there is none @throws ERR_CONFIG, ERR_STORAGE, ERR_UNTRUSTED_FILE */
  readonly certificate: (config: Config) => Promise<Certificate | undefined>;
  /** What keeps mail programs from logging in. */
  readonly problems: () => Promise<readonly Problem[]>;
}

/** The proxy's own, for clients. */
export interface Certificate {
  readonly file: string;
  /** PEM, those between it and its authority included. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  readonly endsAtMs: number;
}

export interface PartsPorts {
  readonly env: Environment;
  readonly paths: Paths;
  /** Of the moment: it may be read again. */
  readonly config: () => Config;
}

export type MakeParts = (ports: PartsPorts) => Parts;
