/** Everything that the agent's log can say: a closed set, so that what is logged can be reviewed in one place. */
import type { Log, Message } from "../../service/log.ts";

export const MESSAGES = {
  started: { level: "info", text: "agent started" },
  stopping: { level: "info", text: "agent stops" },
  unreachable: { level: "warn", text: "the agent's socket is gone, and programs do without it" },
  reloaded: { level: "info", text: "settings and accounts read again" },
  "settings-refused": { level: "error", text: "settings or accounts cannot be read; what was read before counts" },
  locked: { level: "info", text: "everything secret is forgotten" },
  unlocked: { level: "info", text: "the vault is unlocked" },
  "token-found": { level: "debug", text: "token found in the vault" },
  "token-renewed": { level: "info", text: "token renewed" },
  "renewal-failed": { level: "warn", text: "token not renewed" },
  "account-gone": { level: "info", text: "account no longer served" },
  "sign-in-over": { level: "warn", text: "somebody has to sign in" },
  "sign-in-ends": { level: "warn", text: "a sign-in ends soon" },
  "client-ends": { level: "warn", text: "a client's secret or certificate ends soon" },
  failing: { level: "error", text: "renewing keeps failing" },
  mended: { level: "info", text: "it works again" },
  "hook-started": { level: "debug", text: "hook started" },
  "hook-printed": { level: "debug", text: "hook printed" },
  "hook-ended": { level: "debug", text: "hook ended" },
  "hook-failed": { level: "warn", text: "hook failed" },
  "hook-skipped": { level: "warn", text: "too many events wait for a hook; one is left out" },
  "notification-shown": { level: "debug", text: "notification shown" },
  "notification-failed": { level: "info", text: "notification not shown" },
  "sign-in-opened": { level: "info", text: "a click opened the sign-in" },
  "sign-in-failed": { level: "warn", text: "the sign-in did not succeed" },
  "sign-in-not-opened": { level: "warn", text: "the sign-in could not be opened" },
  "token-file-failed": { level: "error", text: "a token file cannot be kept" },
  bug: { level: "error", text: "this is a bug in mailkey" },
  "unlock-failed": { level: "warn", text: "the vault stays locked" },
  "client-refused": { level: "warn", text: "a client was refused" },
  "client-timed-out": { level: "debug", text: "a client was silent for too long" },
  answered: { level: "debug", text: "answered" },
  "not-hardened": { level: "warn", text: "a protection of the memory is not to be had" },
} as const satisfies Readonly<Record<string, Message>>;

export type MessageName = keyof typeof MESSAGES;

/** The agent's log. */
export type AgentLog = Log<MessageName>;
