import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { Secret } from "../../../src/platform/secret.ts";
import { saveVaultSettings } from "../../../src/vault/settings.ts";
import { failureOf } from "../../vault/support.ts";
import { bytes, CREDENTIAL, PASSPHRASE, PROGRAM, SOMEWHERE, vaultWorld } from "./vault-world.ts";

const A = "a@example.com";
const B = "b@example.com";
const RIGHT = `pin:${PASSPHRASE}` as const;

let world: ReturnType<typeof vaultWorld>;

beforeEach(() => {
  world = vaultWorld();
});
afterEach(() => world.dispose());

const locked = async (task: Promise<unknown>, hint = "mailkey agent unlock") => {
  const error = await failureOf(task);
  expect([error.code, error.hint]).toEqual(["ERR_VAULT_LOCKED", hint]);
  expect(error.message).not.toContain(PASSPHRASE);
  return error.details?.["reason"];
};

describe("a vault with an age passphrase", () => {
  test("asks once, for all who come while the question stands", async () => {
    await world.ageVault([A, B]);
    world.answers("hold");
    const { lock, read, events, memory } = world.agent();
    expect((await lock.status()).state).toBe("closed");
    const readers = [read(A), read(B), read(A)];
    await until(() => world.questions() === 1);
    readers.push(read(B));
    world.release(RIGHT);
    expect(new Set(await Promise.all(readers))).toEqual(new Set([CREDENTIAL]));
    expect(world.questions()).toBe(1);
    expect(events).toEqual(["unlocked"]);
    expect((await lock.status()).state).toBe("unlocked");
    expect(memory.use().secrets).toBe(3); // the passphrase and two credentials
  });

  test("asks nobody for the agent's own sake", async () => {
    await world.ageVault([A]);
    world.answers(RIGHT);
    const { read } = world.agent();
    expect(await locked(read(A, "never"))).toBe("needs_person");
    expect(world.questions()).toBe(0);
    await read(A);
    expect(await read(A, "never")).toBe(CREDENTIAL);
  });

  test("asks three times at most, saying what was wrong; and then nobody, until it is told to", async () => {
    await world.ageVault([A]);
    world.answers("pin:wrong", "pin:", "pin:wrong again", RIGHT);
    const { lock, read } = world.agent();
    expect(await reasonOf(read(A))).toBe("bad_passphrase");
    expect(world.log().match(/^SETERROR .*/gm)).toEqual([
      "SETERROR That is not the passphrase (1 of 3)",
      "SETERROR That is not the passphrase (2 of 3)",
    ]);
    expect(await locked(read(A))).toBe("refused");
    expect((await lock.status()).state).toBe("refused");
    expect(world.questions()).toBe(3);
    await lock.unlock({ env: SOMEWHERE });
    expect(world.questions()).toBe(4);
    expect(await read(A)).toBe(CREDENTIAL);
  });

  test.each([["cancel"], ["silence"]] as const)("takes %s for an answer", async (answer) => {
    await world.ageVault([A]);
    world.answers(answer);
    const { read, events } = world.agent();
    await locked(read(A));
    expect(await locked(read(A))).toBe("refused");
    expect(world.questions()).toBe(1);
    expect(events).toEqual([]);
  });

  test("says what to type where there is nobody to ask, and no display", async () => {
    await world.ageVault([A]);
    const { lock, read } = world.agent({ env: world.env });
    expect(await locked(read(A))).toBe("needs_person");
    expect(await locked(lock.unlock({}))).toBe("needs_passphrase");
    expect(world.questions()).toBe(0);
  });

  test("has its passphrase asked for at a terminal where there is no pinentry", async () => {
    await world.ageVault([A]);
    const { lock, read } = world.agent({
      config: () => ({ lockAfterMs: undefined, pinentry: "/nonexistent/pinentry" }),
    });
    expect(await locked(read(A))).toBe("needs_passphrase");
    expect(await locked(lock.unlock({ env: SOMEWHERE }))).toBe("needs_passphrase");
    await lock.unlock({ passphrase: new Secret(PASSPHRASE), env: SOMEWHERE });
    expect(await read(A)).toBe(CREDENTIAL);
  });

  test("takes a passphrase that was typed elsewhere, once it has opened something", async () => {
    await world.ageVault([A]);
    const { lock, read, memory, events } = world.agent({ env: world.env });
    expect(await reasonOf(lock.unlock({ passphrase: new Secret("wrong") }))).toBe("bad_passphrase");
    expect([(await lock.status()).state, memory.use().secrets, events.length]).toEqual(["closed", 0, 0]);
    await lock.unlock({ passphrase: new Secret(PASSPHRASE) });
    expect(await read(A, "never")).toBe(CREDENTIAL);
    // Even when all that is stored is in hand: what is encrypted next must be readable with the passphrase that people know.
    expect(await reasonOf(lock.unlock({ passphrase: new Secret("wrong") }))).toBe("bad_passphrase");
    const vault = await lock.openVault("never");
    await vault.write(B, bytes("new"));
    const other = world.agent({ env: world.env });
    await other.lock.unlock({ passphrase: new Secret(PASSPHRASE) });
    expect(await other.read(B)).toBe("new");
  });

  test("asks for the new passphrase when another program has changed it, or what was typed had nothing to be tried on", async () => {
    await world.ageVault([]);
    world.answers(RIGHT);
    const { lock, read } = world.agent();
    await lock.unlock({ passphrase: new Secret("a slip"), env: SOMEWHERE });
    await world.ageVault([A]);
    expect(await locked(read(A, "never"))).toBe("needs_person");
    expect(await read(A)).toBe(CREDENTIAL);
    expect(world.questions()).toBe(1);
    expect(await read(A, "never")).toBe(CREDENTIAL);
  });

  test("is served to those who wait for a question when it is opened in another way meanwhile", async () => {
    await world.ageVault([A]);
    world.answers("hold");
    const { lock, read } = world.agent();
    const reading = read(A);
    await until(() => world.questions() === 1);
    await lock.unlock({ passphrase: new Secret(PASSPHRASE) });
    expect(await reading).toBe(CREDENTIAL);
    expect((await lock.status()).state).toBe("unlocked");
  });

  test("is opened by what can be read, when one credential is damaged", async () => {
    const vault = await world.ageVault([B]);
    await vault.write(A, bytes("x"));
    await Bun.write(`${world.paths.state}/vault/${A}.age`, "damaged");
    const { lock, read } = world.agent({ env: world.env });
    await lock.unlock({ passphrase: new Secret(PASSPHRASE) });
    expect(await read(B)).toBe(CREDENTIAL);
    expect((await failureOf(read(A))).code).toBe("ERR_VAULT_DAMAGED");
  });

  test("asks on the display or terminal of whoever unlocked it last", async () => {
    await world.ageVault([A]);
    world.answers("cancel");
    const { lock, read } = world.agent();
    // At a terminal the client asks by itself.
    expect(await locked(lock.unlock({ env: { GPG_TTY: "/dev/pts/77", TERM: "vt100", EDITOR: "vi" } }))).toBe(
      "needs_passphrase",
    );
    expect(world.questions()).toBe(0);
    await locked(read(A));
    expect(world.log()).toContain("OPTION ttyname=/dev/pts/77");
    expect(world.log()).toContain("GETPIN DISPLAY= GPG_TTY=/dev/pts/77");
  });

  test("is renewed with one encryption, and read without a decryption afterwards", async () => {
    await world.ageVault([A]);
    world.answers(RIGHT);
    const runs = world.file("runs");
    const spy = ["/bin/sh", "-c", `echo "$*" >> '${runs}'; exec "$@"`, "sh"];
    const { lock } = world.agent({ program: [...spy, ...PROGRAM] });
    const vault = await lock.openVault("may-ask");
    const stored = await vault.read(A);
    if (stored === undefined) throw new Error("nothing is stored");
    const stamp = vault.stamp(A);
    await vault.write(A, stored); // shows that it can be written, before the refresh token is spent
    expect(vault.stamp(A)).not.toBe(stamp);
    await vault.write(A, bytes("renewed"));
    expect(new TextDecoder().decode(await vault.read(A))).toBe("renewed");
    const directions = (await Bun.file(runs).text()).match(/\w+$/gm);
    expect(directions).toEqual(["decrypt", "encrypt"]);
  });
});

describe("locking", () => {
  test("forgets everything, and holds until it is unlocked, for whoever asks", async () => {
    await world.ageVault([A]);
    world.answers(RIGHT);
    const { lock, read, events, memory } = world.agent();
    await read(A);
    lock.lock("asked");
    expect(memory.use().secrets).toBe(0);
    expect(await locked(read(A))).toBe("needs_person");
    expect(world.questions()).toBe(1);
    lock.lock("asked");
    await lock.unlock({});
    expect(await read(A)).toBe(CREDENTIAL);
    expect(events).toEqual(["unlocked", "locked: asked", "unlocked"]);
  });

  test("comes when a changed lock_after says so, or not at all", async () => {
    await world.ageVault([A]);
    world.answers(RIGHT);
    const settings: { lockAfterMs: number | undefined; pinentry: string } = {
      lockAfterMs: undefined,
      pinentry: world.pinentry,
    };
    const { lock, read, alarm, clock } = world.agent({ config: () => settings });
    settings.lockAfterMs = 1000;
    lock.lockAfterChanged();
    expect(alarm.ring).toBeUndefined();
    settings.lockAfterMs = undefined;
    await read(A);
    expect(alarm.ring).toBeUndefined();
    settings.lockAfterMs = 60_000;
    lock.lockAfterChanged();
    expect(alarm.afterMs).toBe(60_000);
    expect((await lock.status()).locksAtMs).toBe(clock.wallMs + 60_000);
    settings.lockAfterMs = undefined;
    lock.lockAfterChanged();
    expect(alarm.ring).toBeUndefined();
    expect((await lock.status()).locksAtMs).toBeUndefined();
  });

  test("comes by itself after lock_after, counted from unlocking; and then the next program may ask", async () => {
    await world.ageVault([A]);
    world.answers(RIGHT);
    const { lock, read, alarm, events, memory } = world.agent({ lockAfterMs: 3_600_000 });
    await read(A);
    expect(alarm.afterMs).toBe(3_600_000);
    const { ring } = alarm;
    await read(A);
    expect(alarm.ring).toBe(ring);
    ring?.();
    expect(memory.use().secrets).toBe(0);
    expect((await lock.status()).state).toBe("closed");
    expect(await locked(read(A, "never"))).toBe("needs_person");
    expect(await read(A)).toBe(CREDENTIAL);
    expect(world.questions()).toBe(2);
    expect(events).toEqual(["unlocked", "locked: time", "unlocked"]);
  });

  test("takes the question off the screen, and nobody gets what was asked for before", async () => {
    await world.ageVault([A]);
    world.answers("hold");
    const { lock, read, memory } = world.agent();
    const reading = read(A);
    await until(() => world.questions() === 1);
    lock.lock("asked");
    await locked(reading);
    world.release(RIGHT);
    expect(await locked(read(A))).toBe("needs_person");
    expect([(await lock.status()).state, memory.use().secrets]).toEqual(["locked", 0]);
  });

  test("is not needed to take the question off the screen, when the agent is to end", async () => {
    await world.ageVault([A]);
    world.answers("hold");
    const { lock, read } = world.agent();
    const reading = read(A);
    await until(() => world.questions() === 1);
    lock.takeQuestionAway();
    expect(await locked(reading)).toBe("needs_person");
  });

  test("counts for a credential that is being decrypted: nobody gets it any more", async () => {
    const stored = await world.ageVault([A]);
    world.answers(RIGHT);
    const { program, isWaiting, open, close } = gate();
    const { lock, read, memory } = world.agent({ program });
    await read(A);
    await stored.write(A, bytes("newer"));
    close();
    const reading = read(A);
    await until(isWaiting);
    lock.lock("asked");
    open();
    expect(await locked(reading)).toBe("needs_person");
    expect(memory.use().secrets).toBe(0);
  });

  test("counts for a passphrase that is being tried: it opens nothing any more", async () => {
    await world.ageVault([A]);
    const { program, isWaiting, open, close } = gate();
    const { lock, read, events, memory } = world.agent({ program });
    close();
    const unlocking = lock.unlock({ passphrase: new Secret(PASSPHRASE) });
    await until(isWaiting);
    lock.lock("asked");
    open();
    expect(await locked(unlocking)).toBe("needs_person");
    expect(await locked(read(A))).toBe("needs_person");
    expect([(await lock.status()).state, memory.use().secrets, events]).toEqual(["locked", 0, ["locked: asked"]]);
  });

  test("keeps no renewal from storing what it was granted, and the passphrase not a moment longer", async () => {
    const stored = await world.ageVault([A]);
    world.answers(RIGHT);
    const { lock, memory } = world.agent();
    const lease = lock.lease("never");
    await (await lock.openVault("may-ask")).read(A);
    lock.lock("asked");
    expect(memory.use().secrets).toBe(1);
    await (await lease.openVault()).write(A, bytes("granted"));
    expect(memory.use().secrets).toBe(1);
    await locked((await lease.openVault()).read(A));
    lease.end();
    expect(memory.use().secrets).toBe(0);
    expect(new TextDecoder().decode(await stored.read(A))).toBe("granted");
    const late = lock.lease("never");
    await locked((await late.openVault()).write(A, bytes("late")));
    late.end();
  });

  test("by time is no easier to undo while a renewal may still store: the next program has to ask", async () => {
    await world.ageVault([A]);
    world.answers(RIGHT, "cancel");
    const { lock, read, alarm, events } = world.agent({ lockAfterMs: 1000 });
    const renewing = lock.lease("never");
    await read(A);
    alarm.ring?.();
    expect(await locked(read(A, "never"))).toBe("needs_person");
    await locked(read(A));
    expect(world.questions()).toBe(2);
    await (await renewing.openVault()).write(A, bytes("granted"));
    renewing.end();
    expect(events).toEqual(["unlocked", "locked: time"]);
  });

  test("is for vaults that need nobody, too; those are otherwise open, and stay so", async () => {
    await world.ageVault([]);
    const { PATH } = process.env;
    saveVaultSettings(world.paths, {
      active: "command",
      folder: "vault",
      command: { encrypt: "tr a-m n-z", decrypt: "tr n-z a-m" },
    });
    const { lock, read, alarm, events } = world.agent({ lockAfterMs: 1000, env: { PATH } });
    expect(await lock.status()).toMatchObject({ state: "unlocked", needs: "nothing" });
    await (await lock.openVault("never")).write(A, bytes("abc"));
    expect(await read(A, "never")).toBe("abc");
    expect(alarm.ring).toBeUndefined();
    lock.lock("asked");
    expect(await locked(read(A))).toBe("needs_person");
    await lock.unlock({});
    expect(await read(A)).toBe("abc");
    expect(events.slice(-2)).toEqual(["locked: asked", "unlocked"]);
  });
});

test("another vault that becomes active is the one that counts, and nothing of the old one is kept", async () => {
  await world.ageVault([A]);
  world.answers(RIGHT);
  const { lock, read, memory } = world.agent({ lockAfterMs: 1000 });
  const lease = lock.lease("never");
  await read(A);
  expect((await lock.status()).locksAtMs).toBeNumber();
  saveVaultSettings(world.paths, { active: "age", folder: "vault-2", age: { passphrase: "prompt" } });
  expect(await lock.status()).toMatchObject({ state: "closed", locksAtMs: undefined });
  expect(await read(A)).toBeUndefined();
  expect(memory.use().secrets).toBe(0);
  await locked((await lease.openVault()).write(A, bytes("not under the old passphrase")));
  lease.end();
  lock.lock("asked");
  saveVaultSettings(world.paths, { active: "age", folder: "vault-3", age: { passphrase: "prompt" } });
  expect((await lock.status()).state).toBe("locked");
});

/** A program that decrypts and encrypts, but waits in front of a closed gate. */
function gate() {
  const [closed, waiting] = [world.file("gate"), world.file("waiting")];
  const script = `if [ -e ${closed} ]; then touch ${waiting}; while [ -e ${closed} ]; do sleep 0.02; done; fi; exec "$@"`;
  return {
    program: ["/bin/sh", "-c", script, "sh", ...PROGRAM],
    isWaiting: () => existsSync(waiting),
    close: () => writeFileSync(closed, ""),
    open: () => rmSync(closed),
  };
}

async function reasonOf(task: Promise<unknown>): Promise<unknown> {
  return (await failureOf(task)).details?.["reason"];
}

/** Polls, without a limit of its own: the test has one. */
async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await Bun.sleep(5);
}
