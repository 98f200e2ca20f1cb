import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Secret } from "../../../src/platform/secret.ts";
import { canonicalPassword, makePassword } from "../../../src/proxy/passwords/made.ts";
import { addPassword, listPasswords, passwordsPath, removePasswords } from "../../../src/proxy/passwords/store.ts";
import { finish, succeeded } from "../../e2e/harness.ts";
import { fakeContext, type FakeContext } from "../../support/fake-context.ts";
import { failureOf } from "../../vault/support.ts";

const ADDER = fileURLToPath(new URL("../../support/password-adder.ts", import.meta.url));

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
});
afterEach(() => context.dispose());

const anna = { for: "anna@example.org", device: "scanner" };
const add = (holder = anna) => addPassword(context.paths, context.clock, holder);
const holders = () => listPasswords(context.paths).map((each) => `${each.for} ${each.device}`);

describe("a password", () => {
  test("is six groups of four that nobody misreads", () => {
    for (let round = 0; round < 500; round += 1)
      expect(makePassword().reveal()).toMatch(/^(?:[a-hjkmnp-z2-9]{4}-){5}[a-hjkmnp-z2-9]{4}$/);
  });

  test("uses all its 31 characters about equally", () => {
    const drawn = new Map<string, number>();
    for (let round = 0; round < 2000; round += 1)
      for (const character of canonicalPassword(makePassword()).reveal())
        drawn.set(character, (drawn.get(character) ?? 0) + 1);
    expect(drawn.size).toBe(31);
    // 48,000 draws: 1,548 of each, give or take 39; six times that is not chance.
    expect(Math.min(...drawn.values())).toBeGreaterThan(1300);
    expect(Math.max(...drawn.values())).toBeLessThan(1800);
  });

  test.each(["abcd-efgh", "ABCDEFGH", " abcd efgh\r", "abcd\u2011efgh"])("is the same typed as %p", (typed) => {
    expect(canonicalPassword(new Secret(typed)).reveal()).toBe("abcdefgh");
  });
});

describe("the file of passwords", () => {
  test("is the owner's alone and holds no password", async () => {
    const password = (await add()).reveal();
    const path = passwordsPath(context.paths);
    expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700]);
    const text = readFileSync(path, "utf8");
    expect(text).toContain("anna@example.org");
    for (const form of [password, password.replaceAll("-", "")]) {
      expect(text).not.toContain(form);
      expect(text).not.toContain(Buffer.from(form).toString("base64"));
    }
  });

  test("keeps one for each device, and a new one in the place of the old", async () => {
    await add();
    const [before] = listPasswords(context.paths);
    await add({ ...anna, device: "phone" });
    await add();
    expect(holders()).toEqual(["anna@example.org phone", "anna@example.org scanner"]);
    expect(listPasswords(context.paths)[1]?.hash).not.toBe(before?.hash);
  });

  test("gives up one device's, or all of an address, and nobody else's", async () => {
    for (const device of ["a", "b", "c"]) await add({ ...anna, device });
    await add({ for: "@example.org", device: "a" });
    const remove = (device?: string) =>
      removePasswords(
        context.paths,
        context.clock,
        (each) => each.for === anna.for && (device === undefined || each.device === device),
      );
    expect((await remove("b")).map(({ device }) => device)).toEqual(["b"]);
    expect(await remove("b")).toEqual([]);
    expect((await remove()).map(({ device }) => device)).toEqual(["a", "c"]);
    expect(holders()).toEqual(["@example.org a"]);
  });

  test("loses none when several processes add at once", async () => {
    const devices = Array.from({ length: 6 }, (_, index) => `device ${index}`);
    const adders = devices.map((device) =>
      finish(spawn(process.execPath, [ADDER, context.home, anna.for, device], { stdio: ["ignore", "pipe", "pipe"] })),
    );
    for (const result of await Promise.all(adders)) succeeded(result);
    expect(holders()).toEqual(devices.map((device) => `${anna.for} ${device}`));
  });

  test.each([
    ["empty", () => ""],
    ["half of one", (text: string) => text.slice(0, text.length / 2)],
    ["without its salt", (text: string) => text.replace(/"salt": "[^"]+"/, '"salt": ""')],
    ["with a hash that is none", (text: string) => text.replace(/"hash": "[^"]+"/, '"hash": "AAAA"')],
    ["with hashing that would take all memory", (text: string) => text.replace('"n": 32768', '"n": 1073741824')],
    ["with hashing that is none", (text: string) => text.replace('"n": 32768', '"n": 30000')],
    ["with hashing of nothing", (text: string) => text.replace('"n": 32768', '"n": 1')],
    ["of a later version", (text: string) => text.replace('"version": 1', '"version": 2')],
  ])("is an error when it is %s, and stays as it is", async (_what, damage) => {
    await add();
    const path = passwordsPath(context.paths);
    const damaged = damage(readFileSync(path, "utf8"));
    expect(damaged).not.toBe(readFileSync(path, "utf8"));
    writeFileSync(path, damaged);
    const error = { code: "ERR_CONFIG", hint: expect.stringContaining("password add") };
    expect(() => listPasswords(context.paths)).toThrow(expect.objectContaining(error));
    expect(await failureOf(add())).toMatchObject(error);
    expect(readFileSync(path, "utf8")).toBe(damaged);
  });

  test("is not trusted when others may read it", async () => {
    await add();
    chmodSync(passwordsPath(context.paths), 0o644);
    expect(() => listPasswords(context.paths)).toThrow(expect.objectContaining({ code: "ERR_UNTRUSTED_FILE" }));
  });

  test.each(["", " ", "a ", "two\nlines", "\u001b[31m", "x".repeat(61), "\ud800"])(
    "takes no device's name like %j",
    async (device) => {
      expect(await failureOf(add({ ...anna, device }))).toMatchObject({ code: "ERR_USAGE" });
    },
  );
});
