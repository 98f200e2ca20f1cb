/** What `mailkey agent status` is told. Nothing secret. */
import type { Protection } from "../platform/harden.ts";
import type { MemoryUse } from "../platform/secret-memory.ts";
import type { Needs } from "./unlocking/opened-vault.ts";
import type { ServerCounts } from "../service/line-server.ts";
import type { LockState } from "./unlocking/unlock.ts";

export interface StatusReply {
  readonly v: number;
  readonly version: string;
  readonly pid: number;
  /** Milliseconds since the Unix epoch, as are all that end so. */
  readonly started_at_ms: number;
  /** `socket`: systemd listened first, and started it. */
  readonly started_by: "socket" | "command";
  readonly socket: string;
  readonly state: LockState;
  /** Who has to be there to open the vault. */
  readonly needs: Needs;
  /** When everything secret will be forgotten. */
  readonly locks_at_ms?: number | undefined;
  readonly memory: MemoryUse;
  readonly protection: readonly Protection[];
  readonly clients: ServerCounts;
  readonly tokens: readonly TokenStatus[];
  /** The accounts that have a file now, and why those that want one have none. */
  readonly token_files: { readonly addresses: readonly string[]; readonly problem?: string | undefined };
}

export interface TokenStatus {
  readonly address: string;
  readonly resource: string;
  readonly ends_at_ms?: number | undefined;
  /** When it is renewed next, or tried again; undefined when something has to change first. */
  readonly renews_at_ms?: number | undefined;
  /** Why the last attempt failed. */
  readonly problem?: string | undefined;
  /** What helps: mostly a command. */
  readonly hint?: string | undefined;
}
