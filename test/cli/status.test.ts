import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { saveAccount } from "../../src/accounts/store.ts";
import { formatSeconds } from "../../src/cli/duration.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { writeRecord } from "../../src/tokens/record.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

const ADDRESS = "me@hotmail.com";
const DAY_MS = 86_400_000;
let context: FakeContext;

beforeEach(() => {
  context = fakeContext();
  saveAccount(context.paths, {
    address: ADDRESS,
    provider: "microsoft-personal",
    client: { id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753", preset: "thunderbird" },
  });
});
afterEach(() => context.dispose());

function record(change: object = {}): void {
  const now = context.clock.now();
  writeRecord(join(context.paths.state, "status", `${ADDRESS}.json`), {
    version: 1,
    signedInAt: now,
    refreshedAt: now,
    accessTokens: { outlook: { obtainedAt: now, lifetimeSeconds: 3600, scope: "s" } },
    needsSignIn: false,
    ...change,
  });
}

const status = async () => [await runCommandLine(["status"], context), context.out()] as const;

describe("status", () => {
  test("of an account that never signed in is exit 77 and the command to type", async () => {
    const [code, text] = await status();
    expect(code).toBe(77);
    expect(text).toContain(`${ADDRESS}: mailkey login ${ADDRESS}`);
  });

  test("of a good account says how long everything lasts", async () => {
    record();
    context.clock.advance(10 * 60_000);
    const [code, text] = await status();
    expect(code).toBe(0);
    expect(text).toContain("10 min ago");
    expect(text).toContain("unused 89 days");
    expect(text).toContain("50 min");
    expect(text).toMatch(/ok$/m);
  });

  test.each([
    [100, ["PROVIDER", "VAULT", "SIGNED IN", " old)"]],
    [86, ["PROVIDER", "SIGNED IN", " old)"]],
    [83, ["PROVIDER", "SIGNED IN"]],
    [80, ["PROVIDER"]],
    [60, []],
  ])("fits into %p columns by leaving out all but %p", async (columns, kept) => {
    record();
    context = { ...context, terminal: { ...context.terminal, tableColumns: columns } };
    const [, text] = await status();
    expect(["PROVIDER", "VAULT", "SIGNED IN", " old)"].filter((each) => text.includes(each))).toEqual(kept);
    expect(text).toContain("HEALTH\n");
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test("warns two weeks before the sign-in dies of disuse", async () => {
    record();
    context.clock.advance(80 * DAY_MS);
    const [code, text] = await status();
    expect(code).toBe(0);
    expect(text).toContain("sign-in ends soon");
    expect(text).toContain("renewed at next use");
  });

  test("after those 90 days asks to sign in again", async () => {
    record();
    context.clock.advance(91 * DAY_MS);
    expect((await status())[0]).toBe(77);
  });

  test("shows why the last renewal failed", async () => {
    record({ failure: { kind: "transient", at: context.clock.now(), reason: "login.example answered 503" } });
    expect((await status())[1]).toContain("login.example answered 503");
  });

  test("takes a damaged record for none", async () => {
    writeRecord(join(context.paths.state, "status", `${ADDRESS}.json`), { version: 2 } as never);
    expect((await status())[0]).toBe(77);
  });

  test("in JSON has ISO dates and no column text", async () => {
    record();
    expect(await runCommandLine(["status", "--json"], context)).toBe(0);
    expect(JSON.parse(context.out())).toEqual([
      expect.objectContaining({
        address: ADDRESS,
        health: "ok",
        access_token_expires_at: "2026-01-15T13:00:00.000Z",
        signed_in_at: "2026-01-15T12:00:00.000Z",
      }),
    ]);
  });
});

test("show names servers, client and scopes, and holds no secret", async () => {
  record();
  expect(await runCommandLine(["show", ADDRESS], context)).toBe(0);
  for (const text of [
    "smtp-mail.outlook.com:587 (STARTTLS)",
    "Thunderbird",
    "IMAP.AccessAsUser.All",
    "none (public client)",
  ])
    expect(context.out()).toContain(text);
});

test("show lets no control character of files or of the provider's answer out to the terminal", async () => {
  saveAccount(context.paths, { address: ADDRESS, provider: "microsoft-personal", client: { id: "a\u001b]0;b\u0007" } });
  record({ accessTokens: { outlook: { obtainedAt: context.clock.now(), lifetimeSeconds: 9, scope: "c\u009b2Jd" } } });
  expect(await runCommandLine(["show", ADDRESS], context)).toBe(0);
  expect(context.out()).toContain("c 2Jd");
  expect(context.out()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test.each([
  [0, "0 s"],
  [59, "59 s"],
  [3599, "59 min"],
  [7200, "2 h"],
  [86_400, "24 h"],
  [200_000, "2 days"],
  [-5, "0 s"],
])("%p seconds are written %p", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
