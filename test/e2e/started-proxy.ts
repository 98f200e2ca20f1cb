/** A proxy in the foreground, on ports of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, waitForPort } from "../../lab/ports.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { ARTEFACT, type Home } from "./harness.ts";

const SERVICES = ["imap", "pop", "smtp"] as const;

export type ProxyPorts = { readonly [S in (typeof SERVICES)[number]]: number };

export interface StartedProxy {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ports: ProxyPorts;
  /** What it has logged so far. */
  readonly log: string;
}

/** Writes the home's `config.toml`. @param more lines of its table `[proxy]` */
export async function configureProxy(home: Home, more: readonly string[] = []): Promise<ProxyPorts> {
  const [imap = 0, pop = 0, smtp = 0] = await freePorts(SERVICES.length);
  const ports = { imap, pop, smtp };
  const { config } = resolvePaths(home.environment());
  mkdirSync(config, { recursive: true, mode: 0o700 });
  const lines = ['listen = ["127.0.0.1"]', ...SERVICES.map((service) => `${service} = ${ports[service]}`), ...more];
  writeFileSync(join(config, "config.toml"), `[proxy]\n${lines.join("\n")}\n`);
  return ports;
}

/**
 * Resolves when it listens everywhere.
 *
 * @param ports of `configureProxy`
 * @throws Error with its last words when it ends instead
 */
export async function startProxy(
  home: Home,
  ports: ProxyPorts,
  env: Readonly<Record<string, string>> = {},
): Promise<StartedProxy> {
  const child = spawn(ARTEFACT, ["proxy", "run"], {
    env: home.environment(env),
    cwd: home.folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const isAlive = () => child.exitCode === null;
  const listening = await Promise.all(SERVICES.map((service) => waitForPort(ports[service], isAlive)));
  if (!listening.every(Boolean)) throw new Error(`the proxy did not start: ${log}`);
  return {
    child,
    pid: child.pid ?? 0,
    ports,
    get log() {
      return log;
    },
  };
}

/** @returns a password for the proxy, of an account that there is */
export async function proxyPassword(home: Home, address: string): Promise<string> {
  const { status, stdout, stderr } = await home.mailkey(["proxy", "password", "add", address]);
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
