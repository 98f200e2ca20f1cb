/** The table `[proxy]` of config.toml. */
import * as v from "valibot";
import type { MailProtocol } from "../mail/report.ts";
import { expandHome, type Environment } from "../platform/paths.ts";
import { LOG_LEVELS, type LogLevel } from "../service/log-level.ts";
import { duration, durationMs } from "./duration.ts";

/** Where each protocol is served; with an `s` at its end: TLS from the first byte on. */
export const PROXY_PORTS = { imap: 1143, imaps: 1993, pop: 1110, pops: 1995, smtp: 1587, smtps: 1465 } as const;
export type ProxyService = keyof typeof PROXY_PORTS;

/** Whether TLS begins with the first byte, which is the client's then. */
export function isTlsFirst(service: ProxyService): boolean {
  return service.endsWith("s");
}

export function protocolOf(service: ProxyService): MailProtocol {
  return service.replace(/s$/, "") as MailProtocol;
}

/** Roughly: the system says no to what is none, and loading node:net would cost the token path a millisecond. */
const address = v.pipe(v.string(), v.regex(/^[0-9a-f.:]{2,45}$/i, "must be an IP address"));
const port = v.optional(v.union([v.literal(false), v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535))]));
const path = v.pipe(v.string(), v.nonEmpty("must not be empty"));
const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000));

export const ProxySchema = v.strictObject({
  /** Loopback unless given; other addresses want `remote` besides. */
  listen: v.optional(v.pipe(v.array(address), v.minLength(1, "must name an address"))),
  /** Whether other machines may connect: with TLS only. */
  remote: v.optional(v.boolean()),
  imap: port,
  imaps: port,
  pop: port,
  pops: port,
  smtp: port,
  smtps: port,
  /** PEM, of the certificate (and those between it and its authority) and its key; the one of `mailkey proxy cert` unless given. */
  certificate: v.optional(path),
  key: v.optional(path),
  /** Nobody logs in without TLS, on loopback neither. */
  require_tls: v.optional(v.boolean()),
  /** How long a login is held up when somebody has to sign in first; not at all unless given. */
  wait_for_sign_in: v.optional(duration),
  log_level: v.optional(v.picklist(LOG_LEVELS)),
  sessions: v.optional(count),
  /** From one address of the network; those of loopback are not counted. */
  sessions_per_address: v.optional(count),
  sessions_per_account: v.optional(count),
  /** The longest line, and the longest literal, before a login. */
  line_bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(512), v.maxValue(1_048_576))),
  /** For logging in. */
  login_time: v.optional(duration),
  /** Without a byte in either direction. */
  idle_time: v.optional(duration),
  /** TLS handshakes at the same time, in each direction. */
  handshakes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(40))),
});

export interface ProxyConfig {
  readonly addresses: readonly string[];
  readonly remote: boolean;
  /** Undefined: not served. Those with TLS are served only where there is a certificate. */
  readonly ports: { readonly [S in ProxyService]: number | undefined };
  /** Undefined: the one that `mailkey proxy cert` has made, if any. */
  readonly certificateFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly requireTls: boolean;
  /** 0: not at all. */
  readonly waitForSignInMs: number;
  readonly logLevel: LogLevel;
  readonly limits: ProxyLimits;
}

export interface ProxyLimits {
  readonly sessions: number;
  readonly sessionsPerAddress: number;
  readonly sessionsPerAccount: number;
  readonly lineBytes: number;
  readonly loginMs: number;
  readonly idleMs: number;
  readonly handshakes: number;
}

/** Servers end a silent IMAP session after half an hour (RFC 9051 5.4), and clients in IDLE speak every 29 minutes. */
const IDLE_MS = 3_600_000;
/** A person may be typing a password. */
const LOGIN_MS = 60_000;

/** @param settings as they were read */
export function proxyConfig(settings: v.InferOutput<typeof ProxySchema> = {}, env: Environment): ProxyConfig {
  const file = (given: string | undefined) => (given === undefined ? undefined : expandHome(given, env));
  const ports = Object.entries(PROXY_PORTS).map(([name, usual]) => {
    const given = settings[name as ProxyService];
    return [name, given === false ? undefined : (given ?? usual)] as const;
  });
  return {
    addresses: settings.listen ?? ["127.0.0.1", "::1"],
    remote: settings.remote ?? false,
    ports: Object.fromEntries(ports) as ProxyConfig["ports"],
    certificateFile: file(settings.certificate),
    keyFile: file(settings.key),
    requireTls: settings.require_tls ?? false,
    waitForSignInMs: timeMs(settings.wait_for_sign_in, 0),
    logLevel: settings.log_level ?? "info",
    limits: {
      sessions: settings.sessions ?? 10_000,
      sessionsPerAddress: settings.sessions_per_address ?? 100,
      sessionsPerAccount: settings.sessions_per_account ?? 10_000,
      lineBytes: settings.line_bytes ?? 8192,
      loginMs: timeMs(settings.login_time, LOGIN_MS),
      idleMs: timeMs(settings.idle_time, IDLE_MS),
      handshakes: settings.handshakes ?? 16,
    },
  };
}

function timeMs(given: string | number | undefined, usualMs: number): number {
  return given === undefined ? usualMs : durationMs(given);
}
