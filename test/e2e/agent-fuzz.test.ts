/**
 * Hostile clients of the real agent: whatever they send and whenever they leave, it goes on, answers others, tells nobody what is not
 * theirs, and keeps neither memory nor descriptors for them.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import * as fc from "fast-check";
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { MAX_REQUEST_BYTES, PROTOCOL_VERSION, type Request } from "../../src/agent/protocol.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { Home, IS_NODE, succeeded } from "./harness.ts";
import { startAgent, type StartedAgent } from "./started-agent.ts";

const BOB = "bob@mail.test";
const SECRET = "typed-by-somebody-4711";
/** Garbage that has not been collected yet. */
const SLACK_MB = 60;

let world: World;
let home: Home;
let agent: StartedAgent;

beforeAll(async () => {
  world = await startWorld({ mail: "none" });
  home = new Home(world);
  succeeded(await home.mailkey(["vault", "init", "age"]));
  succeeded(await home.add(["--no-test"]));
  succeeded(await home.mailkey(["add", BOB, ...mailkeyFlags(world), "--no-test"], { env: { LAB_LOGIN: BOB } }));
  await Bun.write(join(home.folder, ".config/mailkey/config.toml"), '[agent]\nlog_level = "debug"\n');
  agent = await startAgent(home);
});
afterAll(async () => {
  agent.child.kill("SIGKILL");
  await world.stop();
  home.dispose();
});

/** Resolves when it is connected, or has been turned away. */
function silentClient(): Promise<Socket> {
  return new Promise((resolve) => {
    const client = connect(socket(), () => resolve(client));
    client.on("error", () => resolve(client));
  });
}

const socket = () => join(home.folder, "run/mailkey/agent.sock");

function request(fields: Partial<Request> = {}): Request {
  const { config, state } = resolvePaths(home.environment());
  return { v: PROTOCOL_VERSION, do: "token", config, state, address: home.address, ...fields };
}

/** When a hostile client leaves: before it has said anything, in the middle, at once after, or when it has heard something. */
const LEAVES = ["before", "halfway", "after", "answered"] as const;

interface Visit {
  readonly words: Uint8Array;
  readonly leaves: (typeof LEAVES)[number];
}

/** @returns what it heard */
function visit({ words, leaves }: Visit): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const client = connect(socket(), () => {
      if (leaves === "before") client.destroy();
      else if (leaves === "halfway") client.write(words.subarray(0, words.length / 2), () => client.destroy());
      else if (leaves === "after") client.write(words, () => client.destroy());
      else client.end(words); // what comes until the agent hangs up, too
    });
    client.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    client.on("error", () => undefined);
    client.on("close", () => resolve(heard));
  });
}

/** One honest client among them, on a connection of its own for each question. */
async function honest(address: string): Promise<string> {
  const heard = await visit({ words: line(request({ address })), leaves: "answered" });
  const answer = heard.split("\n").find((each) => each.includes('"token"')) ?? "{}";
  return (JSON.parse(answer) as { token?: string }).token ?? heard;
}

function line(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${typeof value === "string" ? value : JSON.stringify(value)}\n`);
}

const mutated = fc
  .tuple(fc.constantFrom("v", "do", "config", "state", "address", "resource", "env"), fc.jsonValue())
  .map(([name, value]) => line({ ...request(), [name]: value }));
const odd = fc.constantFrom(
  () => "[".repeat(MAX_REQUEST_BYTES - 10),
  () => `${'{"a":'.repeat(2500)}1${"}".repeat(2500)}`,
  () => JSON.stringify(request()).replace('"v":1', '"v":1e999'),
  () => JSON.stringify(request()).replace('"v":1', `"v":${"9".repeat(5000)}`),
  () => `{"__proto__":{"v":1,"do":"stop"},"constructor":{"prototype":{"v":1}}}`,
  () => JSON.stringify(request({ address: "../../../etc/passwd" })),
  () => JSON.stringify(request({ address: `${home.address}\u0000` })),
  () => JSON.stringify(request({ resource: "toString" })),
  () => JSON.stringify(request({ min_ttl: -1 })),
  () => JSON.stringify({ ...request(), min_ttl: 1e308, force: "yes" }),
  () => JSON.stringify(request({ do: "unlock", passphrase: SECRET, env: { PATH: "/nowhere", LD_PRELOAD: "/x" } })),
  () => "x".repeat(MAX_REQUEST_BYTES * 3),
  () => "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
  () => `GET /${"../".repeat(200)}etc/passwd HTTP/1.1\r\n\r\n`,
  () => `${JSON.stringify(request({ address: BOB }))}\n`.repeat(40),
);
const hostile: fc.Arbitrary<Visit> = fc.record({
  words: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map(line),
    mutated,
    odd.map((make) => line(make())),
    fc.constant(0).map(() => line(request())),
  ),
  leaves: fc.constantFrom(...LEAVES),
});

/** Hostile clients, many at once, beside honest ones. */
async function assault(runs: number): Promise<string[]> {
  const heard: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { minLength: 10, maxLength: 40 }), async (visits) => {
      const all = Promise.all(visits.map(visit));
      expect(await honest(home.address)).toBe(tokens.anna);
      expect(await honest(BOB)).toBe(tokens.bob);
      heard.push(...(await all));
    }),
    { numRuns: runs },
  );
  return heard;
}

const tokens = { anna: "", bob: "" };
const residentMb = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${agent.pid}/status`, "utf8"))?.[1]) / 1024;
const openFiles = () => readdirSync(`/proc/${agent.pid}/fd`).length;

test("no words and no leaving bring the agent down, nor cost it memory, descriptors or the answers to others", async () => {
  tokens.anna = succeeded(await home.mailkey(["token", home.address])).stdout.trim();
  tokens.bob = succeeded(await home.mailkey(["token", BOB])).stdout.trim();
  const descriptors = openFiles();
  await assault(40); // until what is needed is loaded
  const before = residentMb();
  const heard = await assault(120);
  expect(agent.child.exitCode).toBeNull();
  expect(residentMb() - before).toBeLessThan(SLACK_MB);
  while (openFiles() > descriptors) await Bun.sleep(20);
  const answered = heard.filter((text) => text.includes('"v":1'));
  expect(answered.length).toBeGreaterThan(heard.length / 10);
  expect(heard.filter((text) => text.includes('"code":"request"')).length).toBeGreaterThan(100);
}, 90_000);

test("nobody hears of anybody else's token, passphrase or request", async () => {
  const heard = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const isBob = index % 2 === 0;
      const words = [
        request({ do: "unlock", passphrase: `${SECRET}-${index}` }),
        request({ address: `nobody-${index}@mail.test` }),
        request({ address: isBob ? BOB : home.address }),
        request({ v: 2 }),
      ];
      const text = new TextEncoder().encode(words.map((each) => `${JSON.stringify(each)}\n`).join(""));
      return { index, isBob, text: await visit({ words: text, leaves: "answered" }) };
    }),
  );
  for (const { index, isBob, text } of heard) {
    expect(text).toContain(isBob ? tokens.bob : tokens.anna);
    expect(text).not.toContain(isBob ? tokens.anna : tokens.bob);
    expect(text).not.toContain(SECRET);
    expect(text.match(/nobody-\d+/g)?.every((name) => name === `nobody-${index}`)).toBe(true);
  }
  for (const secret of [SECRET, ...Object.values(tokens)]) expect(agent.log).not.toContain(secret);
});

test("thousands of silent clients neither keep others out nor stay", async () => {
  const descriptors = openFiles();
  const silent = await Promise.all(Array.from({ length: 3000 }, silentClient));
  expect(await honest(home.address)).toBe(tokens.anna);
  for (const client of silent) client.destroy();
  while (openFiles() > descriptors) await Bun.sleep(20);
  expect(await honest(BOB)).toBe(tokens.bob);
}, 60_000);

// Node itself needs more files than that.
if (!IS_NODE)
  test("an agent that may open few files keeps some for its work", async () => {
    succeeded(await home.mailkey(["agent", "stop"]));
    agent = await startAgent(home, { first: "ulimit -n 200" });
    const silent = await Promise.all(Array.from({ length: 400 }, silentClient));
    expect(await honest(home.address)).toBe(tokens.anna);
    expect(await honest(BOB)).toBe(tokens.bob);
    expect(openFiles()).toBeLessThan(150);
    for (const client of silent) client.destroy();
  }, 60_000);
