import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { findDovecot } from "../../lab/dovecot.ts";
import { obtainTokens, refresh, tokensOf } from "../../lab/token-client.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { login } from "./login.ts";
import { isListening, processesOf } from "./processes.ts";

const isLinux = process.platform === "linux";

describe("a world", () => {
  test.if(isLinux)("leaves no process, no file and no listener behind when it is stopped", async () => {
    const world = await startWorld();
    const port = world.servers.smtp?.port ?? 0;
    expect(processesOf(world.folder)).not.toEqual([]);
    expect(await isListening(port)).toBe(true);
    await world.stop();
    expect(processesOf(world.folder)).toEqual([]);
    expect(existsSync(world.folder)).toBe(false);
    expect(await isListening(port)).toBe(false);
    expect(await isListening(Number(new URL(world.issuer).port))).toBe(false);
  });

  test.if(isLinux)("is gone soon after the process that holds it was killed", async () => {
    const { child, folder, port } = await holdWorld([]);
    expect(processesOf(folder)).not.toEqual([]);
    child.kill("SIGKILL");
    await until(() => processesOf(folder).length === 0 && !existsSync(folder));
    expect(await isListening(port)).toBe(false);
  });

  test.if(isLinux && process.getuid?.() === 0 && isOpenToAll())("comes up without root", async () => {
    const { child, folder, mail } = await holdWorld(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    expect(mail).toBe(findDovecot() === undefined ? "smtp" : "dovecot");
    child.kill("SIGKILL");
    await until(() => processesOf(folder).length === 0 && !existsSync(folder));
  });

  test("stops twice without complaint", async () => {
    const world = await startWorld({ mail: "none" });
    await world.stop();
    await world.stop();
  });
});

describe("two worlds at once", () => {
  let first: World;
  let second: World;
  beforeAll(async () => {
    [first, second] = await Promise.all([startWorld(), startWorld()]);
  });
  afterAll(() => Promise.all([first.stop(), second.stop()]));

  test("do not accept each other's tokens", async () => {
    const { accessToken } = await obtainTokens(first);
    expect(await login(first, "smtp", first.address, accessToken)).toBe(true);
    expect(await login(second, "smtp", second.address, accessToken)).toBe(false);
  });

  test("do not see each other's mail", async () => {
    const content = "Subject: only for one\r\n\r\nHello.\r\n";
    await first.deliver({ from: "bob@mail.test", to: [first.address], content });
    expect(first.inbox(first.address)).toHaveLength(1);
    expect(second.inbox(first.address)).toEqual([]);
  });

  test("count their own requests only", async () => {
    const before = first.refreshCount();
    const { refreshToken } = await obtainTokens(second, { login: "carl@mail.test" });
    tokensOf(await refresh(second, refreshToken));
    expect(second.refreshCount("carl@mail.test")).toBe(1);
    expect(second.refreshCount("nobody@mail.test")).toBe(0);
    expect(first.refreshCount()).toBe(before);
  });
});

interface Held {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly mail: string;
  readonly port: number;
}

async function holdWorld(prefix: readonly string[]): Promise<Held> {
  const [program, ...args] = [...prefix, process.execPath, join(import.meta.dir, "world-holder.ts")];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env["PATH"] } });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) return { child, ...(JSON.parse(line) as Omit<Held, "child">) };
  throw new Error("the process ended before its world was up");
}

/** Whether another user may run this checkout. */
function isOpenToAll(): boolean {
  const OTHERS_ENTER = 0o001;
  for (let folder = import.meta.dir; folder !== "/"; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_ENTER) === 0) return false;
  }
  return true;
}

/** The runner's time limit ends it when it never comes true. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await Bun.sleep(20);
}
