import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { saveAccount } from "../../src/accounts/store.ts";
import type { AccountCheck, Finding, MachineCheck } from "../../src/doctor/check.ts";
import { applyFixes } from "../../src/doctor/fix.ts";
import { examine, type Progress } from "../../src/doctor/run.ts";
import { MailkeyError } from "../../src/errors.ts";
import { saveVaultSettings } from "../../src/vault/settings.ts";
import { failureOf } from "../vault/support.ts";
import { ACCOUNT, ADDRESS, DoctorHome } from "./home.ts";

const SECOND = "you@hotmail.com";
let home: DoctorHome;

beforeEach(async () => {
  home = await DoctorHome.healthy();
  saveAccount(home.paths, { ...ACCOUNT, address: SECOND });
});
afterEach(() => home.dispose());

const finding = (seen: string, change: Partial<Finding> = {}): Finding => ({
  severity: "error",
  seen,
  means: "It does not work.",
  remedy: [],
  ...change,
});

const machineCheck = (id: string, run: MachineCheck["examine"]): MachineCheck => ({
  id,
  title: `the ${id}`,
  worst: "error",
  of: "machine",
  examine: run,
});

const accountCheck = (id: string, run: AccountCheck["examine"]): AccountCheck => ({
  id,
  title: `the ${id}`,
  worst: "error",
  of: "account",
  examine: run,
});

const seenBy = async (...checks: Parameters<typeof examine>[1]) =>
  (await examine(await home.machine(), checks)).map(({ seen }) => seen);

describe("an examination", () => {
  test("tells of the machine first, then of each account, errors before warnings, in the list's order", async () => {
    const warning = { severity: "warning" } as const;
    expect(
      await seenBy(
        accountCheck("a", ({ account }) => [finding(`${account.address} a`, warning)]),
        accountCheck("b", ({ account }) => [finding(`${account.address} b`)]),
        machineCheck("c", () => [finding("machine c", warning), finding("machine c1")]),
        machineCheck("d", () => [finding("machine d")]),
      ),
    ).toEqual(["machine c1", "machine d", "machine c", `${ADDRESS} b`, `${ADDRESS} a`, `${SECOND} b`, `${SECOND} a`]);
  });

  test("tells once what two accounts have in common", async () => {
    const down = accountCheck("down", () => [finding("login.example does not answer")]);
    const findings = await examine(await home.machine(), [down]);
    expect(findings).toEqual([expect.objectContaining({ check: "down", addresses: [ADDRESS, SECOND] })]);
  });

  test("reports a check that hangs, aborts it, and waits for none that is done", async () => {
    let aborted = false;
    const hangs = machineCheck("hangs", ({ signal }) => {
      signal.addEventListener("abort", () => (aborted = true));
      return new Promise(() => undefined);
    });
    const findings = await examine(await home.machine(), [hangs, machineCheck("fine", () => [])], { limitMs: 50 });
    expect(findings).toEqual([
      expect.objectContaining({
        check: "hangs",
        severity: "warning",
        seen: "the check hangs did not end within 0.05 s",
        remedy: ["mailkey doctor --only hangs"],
      }),
    ]);
    expect(aborted).toBeTrue();
  });

  test("reports a check that fails, and of a bug not the words", async () => {
    const findings = await examine(await home.machine(), [
      machineCheck("fails", () => {
        throw new MailkeyError("ERR_STORAGE", "cannot read /x: input/output error");
      }),
      machineCheck("breaks", () => Promise.reject(new TypeError("hunter2 is not a function"))),
    ]);
    expect(findings.map(({ seen, severity }) => [severity, seen])).toEqual([
      ["error", "the check fails failed: cannot read /x: input/output error"],
      ["warning", "the check breaks broke off (TypeError), which is a bug in mailkey"],
    ]);
  });

  test("ends at once with Ctrl-C", async () => {
    const controller = new AbortController();
    const machine = await home.machine({ signal: controller.signal });
    const hanging = examine(machine, [machineCheck("hangs", () => new Promise(() => undefined))]);
    controller.abort(new MailkeyError("ERR_INTERRUPTED", "interrupted"));
    expect(await failureOf(hanging)).toMatchObject({ code: "ERR_INTERRUPTED" });
  });

  test("hears the agent before it opens a vault that takes all its time", async () => {
    saveVaultSettings(home.paths, { active: "age", folder: "vault", age: { passphrase: "prompt" } });
    const machine = await home.machine();
    const order: string[] = [];
    const noted = async <Result>(what: string, look: () => Promise<Result>) => {
      order.push(what);
      const result = await look();
      order.push(`${what} done`);
      return result;
    };
    const agent = () => noted("agent", () => machine.agent());
    const vault = () => noted("vault", () => machine.vault());
    await examine({ ...machine, agent, vault }, []);
    expect(order).toEqual(["agent", "agent done", "vault", "vault done"]);
  });

  test("runs its checks at once and says how far it is", async () => {
    const progress: Progress[] = [];
    let release = () => undefined as void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const checks = [
      machineCheck("first", async () => (await gate, [])),
      machineCheck("second", () => (release(), [])), // in turn, the first would wait for ever
    ];
    await examine(await home.machine(), checks, { onProgress: (step) => progress.push(step) });
    expect(progress[0]).toEqual({ done: 0, total: 2, waitingFor: "the first" });
    expect(progress.at(-1)).toEqual({ done: 2, total: 2, waitingFor: undefined });
  });
});

describe("the machine", () => {
  test("opens the vault, reads a credential and looks a program up only once", async () => {
    const machine = await home.machine();
    const [subject] = machine.accounts;
    expect(machine.vault()).toBe(machine.vault());
    expect(subject?.stored()).toBe(subject?.stored() as never);
    expect(machine.find("sh")).toBe(machine.find("sh"));
    expect((await machine.find("sh"))?.path).toMatch(/^\/.*\/sh$/);
    expect(await machine.find("no-such-program-anywhere")).toBeUndefined();
  });

  test("asks a program for its version", async () => {
    const machine = await home.machine();
    const found = await machine.find("bash", { args: ["--version"], pattern: /version ([0-9.]+)/ });
    expect(found?.version).toMatch(/^[0-9]+\.[0-9.]+$/);
  });

  test("has the accounts that were asked for, and leaves out those that cannot be read", async () => {
    expect((await home.machine()).accounts.map(({ account }) => account.address)).toEqual([ADDRESS, SECOND]);
    const one = await home.machine({ addresses: [SECOND] });
    expect(one.accounts.map(({ account }) => account.address)).toEqual([SECOND]);
    await Bun.write(home.accountFile(SECOND), "not TOML");
    expect((await home.machine()).accounts.map(({ account }) => account.address)).toEqual([ADDRESS]);
  });

  test("waits at the end for a renewal that is under way: its answer may be the only copy of a new sign-in", async () => {
    let answer = () => undefined as void;
    const asked = Promise.withResolvers<void>();
    const createFetch = () => async () => {
      const answered = new Promise<void>((resolve) => (answer = resolve));
      asked.resolve();
      await answered;
      return Response.json({ token_type: "Bearer", access_token: "a", refresh_token: "rotated", expires_in: 3600 });
    };
    const machine = await home.machine({ ports: { ...home.ports, createFetch } });
    const [subject] = machine.accounts;
    void subject?.renewal();
    await asked.promise;
    let over = false;
    const settled = machine.settled().then(() => (over = true));
    await Bun.sleep(0);
    expect(over).toBeFalse();
    answer();
    await settled;
    expect((await failureOf(subject?.getToken({}) ?? Promise.resolve())).code).toBe("ERR_INTERRUPTED");
    expect(await (await home.machine()).accounts[0]?.credential()).toMatchObject({ refreshToken: "rotated" });
  });

  test("gives no credential where none is stored", async () => {
    const [first, second] = (await home.machine()).accounts;
    expect((await first?.credential())?.version).toBe(1);
    expect(await second?.stored()).toBeUndefined();
    expect(await second?.token()).toBeUndefined();
    expect(await second?.renewal()).toMatchObject({ code: "ERR_SIGN_IN_AGAIN" });
  });
});

test("fixes are applied once each, and one that fails keeps no other back", async () => {
  const done: string[] = [];
  const fixing = (does: string, run: () => void) => ({ does, run });
  const mended = await applyFixes([
    fixing("first", () => done.push("first")),
    fixing("bad", () => {
      throw new MailkeyError("ERR_STORAGE", "the file system is read-only");
    }),
    fixing("first", () => done.push("again")),
    fixing("last", () => done.push("last")),
  ]);
  expect(done).toEqual(["first", "last"]);
  expect(mended).toEqual([
    { does: "first", failure: undefined },
    { does: "bad", failure: "the file system is read-only" },
    { does: "last", failure: undefined },
  ]);
});
