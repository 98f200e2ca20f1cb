/**
 * What the proxy costs: everything is done directly and through the proxy in turn, by the same client, in one run. Directly is in
 * verified TLS with a token, through the proxy in plain text on loopback with a password. The client resumes no TLS session, as few mail
 * programs do; the proxy resumes its own. Ends with status 1 when a goal is missed.
 * The machine should have nothing else to do; ratios bear some.
 *
 *   npm run bench:proxy [-- MEASUREMENT …]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { World } from "../lab/world.ts";
import { measured, type Pair, type Ways } from "./proxy/client.ts";
import { Place, type Account } from "./proxy/place.ts";
import { Report } from "./proxy/report.ts";

const LARGE_BYTES = 200_000_000;
const SMALL_BYTES = 100_000;
const IDLE_SESSIONS = 5000;
const LOGINS = 2000;
const PARALLEL = 32;

/** Microseconds, kilobytes, bytes. */
interface Stalled {
  readonly undisturbed: number;
  readonly others: number;
  readonly before: number;
  readonly most: number;
  readonly read: number;
}

/** Logins a second, milliseconds. */
interface Crowd {
  readonly rate: number;
  readonly median: number;
  readonly p99: number;
}

/** Kilobytes, sessions. */
interface Idle {
  readonly before: number;
  readonly with: number;
  readonly later: number;
  readonly alive: number;
}

const MEASUREMENTS = ["login", "fetch", "append", "small", "noop", "stalled", "crowd", "idle"] as const;

const only = process.argv.slice(2);
const unknown = only.filter((name) => !MEASUREMENTS.some((each) => each === name));
if (unknown.length > 0) throw new Error(`no measurement ${unknown.join(", ")}: ${MEASUREMENTS.join(", ")}`);
const report = new Report();
const place = await Place.make();
try {
  const account = await place.account("anna@mail.test");
  const stubPort = await startStub();
  const stubServers: World["servers"] = {
    imap: { host: "localhost", port: stubPort, security: "tls" },
    pop: undefined,
    smtp: undefined,
  };
  const stubAccount = await place.account("ben@mail.test", stubServers);
  await place.start();
  const dovecot = waysTo(account, place.world.servers.imap?.port ?? 0);
  const stub = waysTo(stubAccount, stubPort);

  await logins(dovecot);
  await addedToLogin(stub);
  await measured(dovecot, ["prepare", LARGE_BYTES, SMALL_BYTES]);
  await throughput("FETCH of 200 MB", dovecot, ["fetch", 7]);
  await throughput("APPEND of 200 MB", dovecot, ["append", LARGE_BYTES, 5]);
  await smallFetches(dovecot);
  await noops(dovecot);
  await stalledReader(dovecot);
  await crowd(stub);
  await idleSessions(stub);
} finally {
  await place.stop();
}
process.exit(report.missed > 0 ? 1 : 0);

/** Ends with this process. */
async function startStub(): Promise<number> {
  const [script, certificate, key] = [
    fileURLToPath(new URL("proxy/stub.ts", import.meta.url)),
    join(place.world.logs, "certificate.pem"),
    join(place.world.logs, "key.pem"),
  ];
  const child = spawn(process.execPath, [script, certificate, key], { stdio: ["pipe", "pipe", "inherit"] });
  const [bytes] = (await once(child.stdout, "data")) as [Buffer];
  return Number(bytes.toString());
}

function waysTo({ address, password, token }: Account, port: number): Ways {
  return {
    direct: { port, user: address, token, ca: place.world.caFile },
    proxied: { port: place.ports.imap, user: address, password },
    pid: place.proxyPid,
  };
}

function wanted(name: (typeof MEASUREMENTS)[number]): boolean {
  return only.length === 0 || only.includes(name);
}

async function logins(ways: Ways): Promise<void> {
  if (!wanted("login")) return;
  const { direct, proxied } = await measured<Pair>(ways, ["login", 100]);
  const ratio = proxied / direct;
  report.row("login", both(direct, proxied, "ms", 1), `× ${ratio.toFixed(2)}`, "≤ × 1.5", ratio <= 1.5);
}

/** Without what Dovecot does, and asks, for every login. */
async function addedToLogin(ways: Ways): Promise<void> {
  if (!wanted("login")) return;
  const { direct, proxied } = await measured<Pair>(ways, ["login", 300]);
  report.row(
    "… to a server that has nothing to do",
    both(direct, proxied, "ms", 1),
    `+ ${(proxied - direct).toFixed(1)} ms`,
  );
}

async function throughput(what: string, ways: Ways, words: ["fetch" | "append", ...number[]]): Promise<void> {
  if (!wanted(words[0])) return;
  const { direct, proxied } = await measured<Pair>(ways, words);
  const share = proxied / direct;
  report.row(what, both(direct, proxied, "MB/s", 0), `${(100 * share).toFixed(0)} %`, "≥ 85 %", share >= 0.85);
}

async function smallFetches(ways: Ways): Promise<void> {
  if (!wanted("small")) return;
  const { direct, proxied } = await measured<Pair>(ways, ["small", 500]);
  const ratio = proxied / direct;
  report.row(
    "FETCH of 100 kB, one at a time",
    both(direct, proxied, "µs", 0),
    `× ${ratio.toFixed(2)}`,
    "≤ × 1.3",
    ratio <= 1.3,
  );
}

async function noops(ways: Ways): Promise<void> {
  if (!wanted("noop")) return;
  const { direct, proxied } = await measured<Pair>(ways, ["noop", 5000]);
  const more = proxied - direct;
  report.row("NOOP", both(direct, proxied, "µs", 0), `+ ${more.toFixed(0)} µs`, "≤ + 80 µs", more <= 80);
}

async function stalledReader(ways: Ways): Promise<void> {
  if (!wanted("stalled")) return;
  const { undisturbed, others, before, most, read } = await measured<Stalled>(ways, ["stalled", 5]);
  const [moreMb, ratio] = [(most - before) / 1024, others / undisturbed];
  const memory = `${mb(before)} before, at most ${mb(most)}`;
  report.row("a reader of 200 MB stalls: memory", memory, `+ ${moreMb.toFixed(1)} MB`, "≤ + 8 MB", moreMb <= 8);
  const times = `${undisturbed.toFixed(0)} µs before, ${others.toFixed(0)} µs while`;
  report.row("… others' NOOP", times, `× ${ratio.toFixed(2)}`, "≤ × 1.3", ratio <= 1.3);
  report.row("… what it has read in the end", `${read} bytes`, "", "all", read === LARGE_BYTES);
}

async function crowd(ways: Ways): Promise<void> {
  if (!wanted("crowd")) return;
  const results = await measured<Pair<Crowd>>(ways, ["crowd", LOGINS, PARALLEL]);
  for (const [name, { rate, median, p99 }] of Object.entries(results) as [string, Crowd][]) {
    const times = `${rate.toFixed(0)} /s, median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
    report.row(`${LOGINS} logins, ${PARALLEL} at once, ${name}`, times);
  }
}

async function idleSessions(ways: Ways): Promise<void> {
  if (!wanted("idle")) return;
  const { before, with: full, later, alive } = await measured<Idle>(ways, ["idle", IDLE_SESSIONS]);
  const [atOnceKb, laterKb] = [(full - before) / IDLE_SESSIONS, (later - before) / IDLE_SESSIONS];
  const memory = `${mb(before)}, with them ${mb(full)} (${atOnceKb.toFixed(0)} kB each), later ${mb(later)}`;
  report.row(`${IDLE_SESSIONS} idle sessions`, memory, `${laterKb.toFixed(0)} kB`, "≤ 60 kB", laterKb <= 60);
  report.row("… alive afterwards", `${alive}`, "", "all", alive === IDLE_SESSIONS);
}

function both(direct: number, proxied: number, unit: string, digits: number): string {
  return `direct ${direct.toFixed(digits)} ${unit}, proxied ${proxied.toFixed(digits)} ${unit}`;
}

function mb(kilobytes: number): string {
  return `${(kilobytes / 1024).toFixed(1)} MB`;
}
