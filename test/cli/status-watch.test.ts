import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deleteAccount, saveAccount } from "../../src/accounts/store.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { recordPath, writeRecord } from "../../src/tokens/record.ts";
import { until } from "../support/until.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

const ADDRESS = "me@hotmail.com";
let context: FakeContext;
let interrupt: AbortController;
let ending: Promise<number> | undefined;

beforeEach(() => {
  interrupt = new AbortController();
  context = { ...fakeContext(), signal: interrupt.signal };
});
afterEach(async () => {
  interrupt.abort();
  await ending;
  context.dispose();
});

const account = (address = ADDRESS) =>
  saveAccount(context.paths, { address, provider: "microsoft-personal", client: { id: "c" } });
const record = (reason?: string) => {
  const now = context.clock.now();
  writeRecord(recordPath(context.paths, ADDRESS), {
    version: 1,
    signedInAt: now,
    accessTokens: {},
    needsSignIn: false,
    ...(reason === undefined ? {} : { failure: { kind: "transient", at: now, reason } }),
  });
};
const watch = (...flags: readonly string[]) => {
  ending = runCommandLine(["status", "--watch", ...flags], context);
};
const shows = (text: string | RegExp) =>
  until(
    () => (typeof text === "string" ? context.out().includes(text) : text.test(context.out())),
    () => `${String(text)}\n${context.out()}`,
  );

describe("status --watch", () => {
  test("shows what changes, and ends on Ctrl-C with status 0", async () => {
    account();
    watch();
    await shows("sign in again");
    record();
    await shows(/ok$/m);
    record("the provider answered 503");
    await shows("answered 503");
    interrupt.abort();
    expect(await ending).toBe(0);
    expect(context.out()).not.toContain("\u001b");
    expect(context.out().match(/^ACCOUNT/gm)).toHaveLength(3);
  });

  test("notices the first account and its record where there were not even folders", async () => {
    rmSync(context.home, { recursive: true });
    mkdirSync(context.home, { mode: 0o700 });
    watch();
    await shows("no accounts yet");
    account();
    await shows("sign in again");
    record();
    await shows(/ok$/m);
    deleteAccount(context.paths, ADDRESS);
    await shows(/ok\n[^]*no accounts yet/);
  });

  test("with --json prints one line for each change, on a terminal as well, and none where nothing has changed", async () => {
    account();
    context = { ...context, terminal: { ...context.terminal, columns: 80, tableColumns: 80, rows: 24 } };
    watch("--json");
    await shows("sign-in-needed");
    const looks = spyOn(context.clock, "now");
    writeFileSync(join(context.paths.config, "accounts", "somebodys-notes"), "");
    await until(() => looks.mock.calls.length > 0);
    looks.mockRestore();
    record();
    await shows('"health":"ok"');
    interrupt.abort();
    expect(await ending).toBe(0);
    const lines = context.out().trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { health: string }[])[0]?.health)).toEqual([
      "sign-in-needed",
      "ok",
    ]);
  });

  test("of one account ends with an error when that is gone", async () => {
    account();
    watch(ADDRESS);
    await shows("sign in again");
    deleteAccount(context.paths, ADDRESS);
    expect(await ending).toBe(78);
  });

  test("on a terminal draws over what was there, in one write, never wider or higher than the screen", async () => {
    for (let count = 0; count < 12; count += 1) account(`somebody-with-a-long-name-${count}@hotmail.com`);
    const writes: string[] = [];
    const terminal = { ...context.terminal, columns: 60, tableColumns: 60, rows: 10 };
    context = { ...context, terminal, stdout: (text) => void writes.push(text), out: () => writes.join("") };
    watch();
    await shows("more lines");
    account();
    await shows(ADDRESS);
    interrupt.abort();
    expect(await ending).toBe(0);
    expect(writes).toHaveLength(3);
    expect(writes[0]).not.toStartWith("\u001b");
    expect(writes[1]).toStartWith("\r\u001b[9A");
    expect(writes[2]).toBe("\n");
    for (const write of writes.slice(0, 2)) {
      const lines = Bun.stripANSI(write).replace("\r", "").trimEnd().split("\n");
      expect(lines.length).toBe(9);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    }
  });
});
