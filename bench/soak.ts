/**
 * The proxy under mixed load for as long as wanted: clients who fetch, send and wait, and at the same time others with wrong passwords, with
 * garbage, slow ones, ones that reset or half-close their connection at any moment; and a network to some of the mail servers that does the
 * like. Clients who know what they do must all be served, and in the end descriptors and memory must be what they were in the beginning.
 * Ends with status 1 when they are not.
 *
 *   npm run bench:soak [-- MINUTES [SEED]]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "./fuzz/random.ts";
import { Place, type Account } from "./proxy/place.ts";
import { openGate, type Gate } from "./soak/gate.ts";
import { BAD_VISITS, GOOD_VISITS, putLargeMessage, type Visit, type Visitor } from "./soak/visits.ts";
import { vitals, vitalsText, type Vitals } from "./soak/watch.ts";
import type { World } from "../lab/world.ts";

const [minutes = 30, seed = 1] = process.argv.slice(2).map(Number);
/** Dovecot's submission takes no longer ones. */
const TOKEN_CHARACTERS = 400;
const ACCOUNTS = 4;
const GOOD_CLIENTS = 12;
const CLIENTS_OF_BAD_SERVERS = 6;
const BAD_CLIENTS = 12;
const LARGE_BYTES = 10_000_000;
const PAUSE_MS = 500;
const SAMPLE_MS = 60_000;
/** Code is compiled, and pools are filled, once. */
const WARM_UP_MS = 60_000;
/** Until the proxy, and those who wait in it, have come to rest. */
const REST_MS = 30_000;
/** What memory may be more than after the warm-up, by chance. */
const SPARE_MB = 10;
const MAX_FAILURES_SHOWN = 10;

interface Tally {
  visits: number;
  failures: number;
}

const place = await Place.make({ tokenCharacters: TOKEN_CHARACTERS });
const random = new Random(seed);
const gates: Gate[] = [];
const tally: Record<"good" | "badServers" | "bad", Tally> = {
  good: { visits: 0, failures: 0 },
  badServers: { visits: 0, failures: 0 },
  bad: { visits: 0, failures: 0 },
};
const failures: string[] = [];
let end = 0;
try {
  const good = await accounts("good", place.world.servers);
  const badServers = await accounts("gated", await gated(place.world.servers));
  await place.start();
  const fresh = vitals(place.proxyPid);
  for (const account of good) await putLargeMessage({ ports: place.ports, account, random, sockets: [] }, LARGE_BYTES);

  await load(good, badServers, WARM_UP_MS);
  await sleep(REST_MS);
  const before = vitals(place.proxyPid);
  say(
    `before any client: ${vitalsText(fresh)}; after ${WARM_UP_MS / 1000} s of load and ${REST_MS / 1000} s of rest: ${vitalsText(before)}`,
  );
  await load(good, badServers, minutes * 60_000);
  await sleep(REST_MS);
  process.exitCode = verdict(before, vitals(place.proxyPid)) ? 0 : 1;
} finally {
  for (const gate of gates) await gate.stop();
  await place.stop();
}
process.exit();

async function accounts(name: string, servers: World["servers"]): Promise<Account[]> {
  const made: Account[] = [];
  for (let index = 0; index < ACCOUNTS; index++) made.push(await place.account(`${name}${index}@mail.test`, servers));
  return made;
}

/** The same servers behind a bad network. */
async function gated(servers: World["servers"]): Promise<World["servers"]> {
  const behind = async (protocol: "imap" | "pop" | "smtp") => {
    const server = servers[protocol];
    if (server === undefined) return undefined;
    const gate = await openGate(server.port, random);
    gates.push(gate);
    return { ...server, port: gate.port };
  };
  return { imap: await behind("imap"), pop: await behind("pop"), smtp: await behind("smtp") };
}

async function load(good: readonly Account[], badServers: readonly Account[], forMs: number): Promise<void> {
  end = Date.now() + forMs;
  const clients = [
    ...Array.from({ length: GOOD_CLIENTS }, () => client(good, Object.entries(GOOD_VISITS), tally.good)),
    ...Array.from({ length: CLIENTS_OF_BAD_SERVERS }, () =>
      client(badServers, Object.entries(GOOD_VISITS), tally.badServers),
    ),
    ...Array.from({ length: BAD_CLIENTS }, () => client(good, Object.entries(BAD_VISITS), tally.bad)),
  ];
  const watching = watch(forMs);
  await Promise.all(clients);
  await watching;
}

/** Visits until the end. */
async function client(all: readonly Account[], visits: readonly [string, Visit][], counts: Tally): Promise<void> {
  while (Date.now() < end) {
    const [name, visit] = random.pick(visits);
    const visitor: Visitor = { ports: place.ports, account: random.pick(all), random, sockets: [] };
    counts.visits += 1;
    try {
      await visit(visitor);
    } catch (error) {
      counts.failures += 1;
      if (counts !== tally.badServers) failures.push(`${name}: ${JSON.stringify(String(error))}`);
    }
    for (const socket of visitor.sockets) socket.destroy();
    await sleep(random.below(PAUSE_MS));
  }
}

async function watch(forMs: number): Promise<void> {
  for (let leftMs = forMs; leftMs > 0; leftMs -= SAMPLE_MS) {
    await sleep(Math.min(SAMPLE_MS, leftMs));
    const { good, badServers, bad } = tally;
    const clients = `${good.visits} good visits, ${good.failures} failed; ${badServers.visits} to bad servers, ${badServers.failures} failed; ${bad.visits} bad`;
    say(`${new Date().toISOString().slice(11, 19)} ${vitalsText(vitals(place.proxyPid)).padEnd(40)} ${clients}`);
  }
}

function verdict(before: Vitals, after: Vitals): boolean {
  say(`after ${minutes} minutes and ${REST_MS / 1000} s of rest: ${vitalsText(after)}`);
  for (const failure of failures.slice(0, MAX_FAILURES_SHOWN)) say(`failed: ${failure}`);
  const checks = [
    ["every good client was served", failures.length === 0 && tally.good.visits > 0],
    [
      "bad servers were met, and good visits to them succeeded as well",
      tally.badServers.failures > 0 && tally.badServers.failures < tally.badServers.visits,
    ],
    ["descriptors are what they were", after.descriptors <= before.descriptors],
    [`memory is what it was, give or take ${SPARE_MB} MB`, after.residentMb <= before.residentMb + SPARE_MB],
  ] as const;
  for (const [what, isSo] of checks) say(`${isSo ? "yes" : "NO "}  ${what}`);
  return checks.every(([, isSo]) => isSo);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
