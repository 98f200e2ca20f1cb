/** Everything that the proxy's log can say: a closed set, so that what is logged can be reviewed in one place. */
import type { Log, Message } from "../../service/log.ts";

export const MESSAGES = {
  started: { level: "info", text: "proxy started" },
  listening: { level: "info", text: "listening" },
  "not-served": { level: "info", text: "not served without a certificate: mailkey proxy cert" },
  stopping: { level: "info", text: "proxy stops" },
  unreachable: { level: "warn", text: "the proxy's socket is gone, and so nobody can ask it" },
  reloaded: { level: "info", text: "settings and certificate read again" },
  "certificate-changed": { level: "info", text: "there is another certificate" },
  "certificate-refused": { level: "error", text: "the certificate cannot be used; the one before counts" },
  "settings-refused": { level: "error", text: "settings cannot be used; what was read before counts" },
  connected: { level: "debug", text: "client connected" },
  "logged-in": { level: "info", text: "logged in" },
  "login-refused": { level: "warn", text: "login refused" },
  "login-failed": { level: "warn", text: "login failed" },
  "login-left": { level: "info", text: "a client did not wait for its login" },
  "session-ended": { level: "info", text: "session ended" },
  "connection-ended": { level: "debug", text: "connection ended without a login" },
  "client-refused": { level: "warn", text: "a client of the control socket was refused" },
  bug: { level: "error", text: "this is a bug in mailkey" },
  "not-hardened": { level: "warn", text: "a protection of the memory is not to be had" },
} as const satisfies Readonly<Record<string, Message>>;

/** The proxy's log. */
export type ProxyLog = Log<keyof typeof MESSAGES>;
