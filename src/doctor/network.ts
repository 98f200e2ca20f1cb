/**
 * What the checks ask of the network. Nothing secret is sent: the token endpoint is asked a question that it answers with an error.
 * Every question has its own time-out, so that all of them together fit into a doctor's visit.
 */
import { lookup } from "node:dns/promises";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import { MailConnection } from "../mail/connection.ts";
import { MailServerError } from "../mail/mail-server-error.ts";
import { tlsError } from "../mail/network-errors.ts";
import { networkReason } from "../oauth/token-endpoint.ts";
import type { Environment } from "../platform/paths.ts";
import type { Machine } from "./check.ts";

/** Milliseconds for one question: whoever does not answer by then keeps mail programs waiting, too. */
export const QUESTION_MS = 5000;

/** A proxy that the environment names for an https URL. */
export interface ProxySetting {
  readonly variable: string;
  /** Undefined when the value is no URL of an HTTP proxy. */
  readonly url: URL | undefined;
}

export type ProviderAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly contentType: string;
      /** The Date header as it came. */
      readonly date: string | undefined;
      /** By this machine's clock, when it came. */
      readonly atMs: number;
    }
  | { readonly kind: "certificate" | "unreachable" | "timeout"; readonly reason: string }
  /** This machine's own settings stand in the way: the reason belongs to another check. */
  | { readonly kind: "unasked" };

/** The token endpoints of all accounts, each once. */
export function tokenEndpoints({ accounts }: Machine): URL[] {
  const urls = accounts.flatMap(({ account }) => account.provider.endpoints.token ?? []);
  return [...new Set(urls)].filter((url) => URL.canParse(url)).map((url) => new URL(url));
}

/** Why `host` cannot be looked up; undefined when it can, or is an address. */
export async function lookUpProblem(host: string, signal: AbortSignal): Promise<string | undefined> {
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(QUESTION_MS)]);
  const late = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener("abort", () => reject(new MailkeyError("ERR_INTERRUPTED", "no answer")), { once: true });
  });
  try {
    await Promise.race([lookup(host.replace(/^\[|\]$/g, "")), late]);
    return undefined;
  } catch (error) {
    const code = systemErrorCode(error) ?? "unknown error";
    const known: Readonly<Record<string, string>> = {
      ENOTFOUND: "there is no such host",
      EAI_AGAIN: "no name server answers",
      ERR_INTERRUPTED: "no name server answers",
      EAI_NODATA: "it has no address",
    };
    return known[code] ?? code;
  }
}

/** Why nothing listens there; undefined when something does. */
export async function connectProblem(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  try {
    (await MailConnection.open({ host, port, timeoutMs: QUESTION_MS, signal })).close();
    return undefined;
  } catch (error) {
    if (error instanceof MailServerError) return error.message;
    throw error;
  }
}

/** What mailkey's requests to `url` go through. @see https://about.gitlab.com/blog/we-need-to-talk-no-proxy/ */
export function proxyFor(url: URL, env: Environment): ProxySetting | undefined {
  const variable = ["https_proxy", "HTTPS_PROXY"].find((name) => (env[name] ?? "") !== "");
  const value = variable === undefined ? undefined : env[variable];
  if (variable === undefined || value === undefined || isExempt(url, env)) return undefined;
  const proxy = URL.canParse(value) ? new URL(value) : undefined;
  const isHttp = proxy !== undefined && /^https?:$/.test(proxy.protocol) && proxy.hostname !== "";
  return { variable, url: isHttp ? proxy : undefined };
}

function isExempt({ hostname }: URL, env: Environment): boolean {
  const exempt = (env["no_proxy"] ?? env["NO_PROXY"] ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
  return exempt.some((entry) => {
    const domain = entry.replace(/^\*?\./, "").replace(/:\d+$/, "");
    return entry === "*" || hostname === domain || hostname.endsWith(`.${domain}`);
  });
}

/** The port that `url` is served on. */
export function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "http:" ? 80 : 443) : Number(port);
}

/** Asks the token endpoint for a token without giving it any reason to. */
export async function askProvider(machine: Machine, url: URL, limitMs = QUESTION_MS): Promise<ProviderAnswer> {
  const signal = AbortSignal.any([machine.signal, AbortSignal.timeout(limitMs)]);
  try {
    const body = new URLSearchParams({ grant_type: "refresh_token" });
    const { status, headers } = await machine.fetch(url, { method: "POST", body, signal, redirect: "manual" });
    return {
      kind: "answered",
      status,
      contentType: headers.get("content-type") ?? "",
      date: headers.get("date") ?? undefined,
      atMs: machine.clock.now().wallMs,
    };
  } catch (cause) {
    if (cause instanceof MailkeyError) return { kind: "unasked" };
    if (signal.aborted) return { kind: "timeout", reason: `${url.host} did not answer within ${limitMs / 1000} s` };
    const problem = tlsError(rootOf(cause));
    if (problem.reason === "certificate") return { kind: "certificate", reason: problem.message };
    return { kind: "unreachable", reason: networkReason(cause, url.href) };
  }
}

/** What a token endpoint answers with; anything else comes from somebody else. */
export function isJson(contentType: string): boolean {
  return /\bjson\b/i.test(contentType);
}

/** undici hides what happened one `cause` down. */
function rootOf(error: unknown): unknown {
  const inner = error instanceof Error ? error.cause : undefined;
  return systemErrorCode(inner) === undefined ? error : inner;
}

/** Whether the way to `url` is open as far as names and proxies go: if not, the checks of those say so. */
export async function isWayOpen(machine: Machine, url: URL): Promise<boolean> {
  const proxy = proxyFor(url, machine.env);
  if (proxy === undefined) return (await lookUpProblem(url.hostname, machine.signal)) === undefined;
  if (proxy.url === undefined) return false;
  return (await connectProblem(proxy.url.hostname, portOf(proxy.url), machine.signal)) === undefined;
}
