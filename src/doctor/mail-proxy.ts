/** What the checks of mailkey's own mail proxy share: which mail programs go there, and who listens. */
import { lstatSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { isTlsFirst, PROXY_PORTS, type ProxyConfig, type ProxyService } from "../accounts/proxy-config.ts";
import { isMailkeyError } from "../errors.ts";
import { homeFolder, type Paths } from "../platform/paths.ts";
import { askProxy } from "../proxy/client/ask-proxy.ts";
import type { StatusReply } from "../proxy/status.ts";
import type { MailProxyLook, Machine } from "./check.ts";
import { readMbsync } from "./configs/mbsync.ts";
import { readMsmtp } from "./configs/msmtp.ts";
import { readMutt } from "./configs/mutt.ts";
import { readConfig } from "./configs/read.ts";
import type { ProgramAccount, Setting } from "./configs/setting.ts";

/** A mail program that logs in to the proxy as one of mailkey's accounts. */
export interface ProxyClient {
  readonly program: string;
  /** Where its file says so. */
  readonly place: Pick<Setting, "file" | "line">;
  readonly host: string;
  readonly port: number;
  readonly service: ProxyService;
  /** The account's. */
  readonly address: string;
}

/** What a program's file says of a server. */
interface Target {
  readonly program: string;
  readonly place: Pick<Setting, "file" | "line">;
  readonly host: string;
  readonly port: string;
  readonly user: string;
}

/** Other programs of the kind use the same ports: only those with a user of mailkey's are ours. */
export function proxyClients(machine: Machine): ProxyClient[] {
  const targets = [
    ...readMbsync(machine).flatMap((account) => serverOf("mbsync", account)),
    ...readMsmtp(machine).flatMap((account) => serverOf("msmtp", account)),
    ...(["mutt", "neomutt"] as const).flatMap((program) => urlsOf(program, readMutt(machine, program))),
    ...serversOfAlpine(machine),
  ];
  const clients = targets.flatMap((target) => clientOf(target, machine));
  const key = ({ place, port }: ProxyClient) => `${place.file}:${place.line}:${port}`;
  // neomutt reads mutt's file when it has none of its own: the first counts.
  return [...new Map(clients.toReversed().map((client) => [key(client), client])).values()].toReversed();
}

function clientOf({ program, place, host, port, user }: Target, { accounts, config }: Machine): ProxyClient[] {
  const service = serviceAt(config.proxy, host, Number(port));
  const name = user.toLowerCase();
  const subject = accounts.find(({ account }) => account.address.toLowerCase() === name);
  if (service === undefined || subject === undefined) return [];
  return [{ program, place, host, port: Number(port), service, address: subject.account.address }];
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/i;

function serviceAt({ addresses, ports }: ProxyConfig, host: string, port: number): ProxyService | undefined {
  if (!LOOPBACK.test(host) && !addresses.includes(host)) return undefined;
  return SERVICES.find((service) => ports[service] === port);
}

const SERVICES = Object.keys(PROXY_PORTS) as ProxyService[];

function serverOf(program: string, { settings }: ProgramAccount): Target[] {
  const [host, port, user] = [settings.get("host"), settings.get("port"), settings.get("user")];
  if (host === undefined || port === undefined || user === undefined) return [];
  return [{ program, place: host, host: host.value, port: port.value, user: user.value }];
}

function urlsOf(program: string, account: ProgramAccount | undefined): Target[] {
  return ["folder", "spoolfile", "spool_file", "smtp_url", "pop_host"].flatMap((name) => {
    const setting = account?.settings.get(name);
    const [, user = "", host = "", port = ""] =
      /^[a-z]+:\/\/(?:([^:/]*(?:@[^:/]*)?)(?::[^@/]*)?@)?(\[[^\]]*\]|[^:/@]+):(\d+)/.exec(setting?.value ?? "") ?? [];
    const given =
      user === "" ? (account?.settings.get(`${name === "smtp_url" ? "smtp" : "imap"}_user`)?.value ?? "") : user;
    return setting === undefined ? [] : [{ program, place: setting, host, port, user: decoded(given) }];
  });
}

/** `inbox-path={127.0.0.1:1143/user=me@mail.example/notls}INBOX`, and the like anywhere else in alpine's file. */
function serversOfAlpine({ env }: Machine): Target[] {
  const file = join(homeFolder(env), ".pinerc");
  return (readConfig(file) ?? "").split("\n").flatMap((text, index) => {
    if (text.startsWith("#")) return [];
    const found = text.matchAll(/(127\.0\.0\.1|localhost|\[::1\]):(\d+)[^},\s]*?\/user="?([^}/",\s]+)/gi);
    return [...found].map(([, host = "", port = "", user = ""]) => ({
      program: "alpine",
      place: { file, line: index + 1 },
      host,
      port,
      user,
    }));
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether there are signs that the proxy is used here: it runs or has run, or somebody has made a password for it. */
export function hasProxy({ paths }: Machine): boolean {
  const signs = [join(paths.runtime, "proxy.sock"), join(paths.state, "proxy", "passwords.json")];
  return signs.some((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** What a running proxy of this home says of itself; undefined when there is none. */
export async function lookAtMailProxy(paths: Paths, signal: AbortSignal): Promise<MailProxyLook | undefined> {
  try {
    return await askProxy<StatusReply>(paths, "status", signal);
  } catch (error) {
    if (isMailkeyError(error)) return undefined; // another home's, or another release's
    throw error;
  }
}

/** Where systemd listens, the next program that connects starts it. */
export function restartProxyLines({ started_by: startedBy }: MailProxyLook): string[] {
  return startedBy === "socket" ? ["mailkey proxy stop"] : ["mailkey proxy stop", "mailkey proxy start"];
}

/** Where systemd listens, the proxy has to start first, which takes seconds on a small or busy machine. */
const GREETING_MS = 5000;
/** What the proxy says in all protocols. */
const OWN_GREETING = /mailkey proxy/;

/**
 * mailkey's proxy, by its greeting; somebody else; nobody. `silent`: somebody, who says nothing, or is not to where TLS begins at once.
 */
export type Listener = "proxy" | "stranger" | "silent" | "nobody";

export function whoListens(
  { host, port, service }: Pick<ProxyClient, "host" | "port" | "service">,
  signal: AbortSignal,
): Promise<Listener> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port, signal });
    let greeting = "";
    const settle = (who: Listener) => {
      socket.destroy();
      resolve(who);
    };
    socket.setTimeout(GREETING_MS, () => settle("silent"));
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      greeting += text;
      if (OWN_GREETING.test(greeting)) settle("proxy");
      else if (greeting.includes("\n") || greeting.length > 4096) settle("stranger");
    });
    let isConnected = false;
    socket.once("connect", () => {
      isConnected = true;
      if (isTlsFirst(service)) settle("silent");
    });
    socket.once("error", () => settle(isConnected ? "stranger" : "nobody"));
    socket.once("close", () => settle(isConnected ? "stranger" : "nobody"));
  });
}
