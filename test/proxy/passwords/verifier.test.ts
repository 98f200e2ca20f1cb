import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { accountPath } from "../../../src/accounts/store.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { hashPassword } from "../../../src/proxy/passwords/hash.ts";
import { addPassword, passwordsPath, removePasswords } from "../../../src/proxy/passwords/store.ts";
import { Verifier } from "../../../src/proxy/passwords/verifier.ts";
import { fakeContext, type FakeContext } from "../../support/fake-context.ts";

const ANNA = "anna@example.org";
const LOCAL = "127.0.0.1";
const REMOTE = "192.0.2.1";
const WRONG = { kind: "wrong" } as const;

let context: FakeContext;
/** Derivations: begun, and going on at the same time at most. */
let derived: number;
let atOnce: { now: number; most: number };
let verifier: Verifier;

beforeEach(() => {
  context = fakeContext();
  derived = 0;
  atOnce = { now: 0, most: 0 };
  verifier = new Verifier({ paths: context.paths, clock: context.clock, hash: countedHash });
});
afterEach(() => context.dispose());

async function countedHash(...given: Parameters<typeof hashPassword>): Promise<Buffer> {
  derived += 1;
  atOnce.now += 1;
  atOnce.most = Math.max(atOnce.most, atOnce.now);
  const hash = await hashPassword(...given);
  atOnce.now -= 1;
  return hash;
}

const add = (device = "scanner", owner = ANNA) => addPassword(context.paths, context.clock, { for: owner, device });
const verify = (password: Secret | string, user = ANNA, peer = LOCAL) =>
  verifier.verify(user, typeof password === "string" ? new Secret(password) : password, peer);

/** An empty file whose hashing costs nothing, so that a test can ask a hundred times. */
function cheapen(): void {
  mkdirSync(dirname(passwordsPath(context.paths)), { recursive: true, mode: 0o700 });
  const scrypt = { salt: Buffer.alloc(16).toString("base64"), n: 2, r: 1, p: 1 };
  writeFileSync(passwordsPath(context.paths), JSON.stringify({ version: 1, scrypt, passwords: [] }), { mode: 0o600 });
}

describe("a password is right", () => {
  test("for its address, however that is written, and names its device", async () => {
    const password = await add();
    for (const user of [ANNA, "Anna@Example.ORG"])
      expect(await verify(password, user)).toEqual({ kind: "right", device: "scanner" });
  });

  test("typed in capitals, with spaces or nothing in the place of hyphens", async () => {
    cheapen();
    const password = (await add()).reveal();
    for (const typed of [password.toUpperCase(), password.replaceAll("-", " "), password.replaceAll("-", "")])
      expect((await verify(typed)).kind).toBe("right");
    expect(derived).toBe(1);
  });

  test("at once when it was right before, even after others have been added", async () => {
    cheapen();
    const password = await add();
    await verify(password);
    const other = await add("phone");
    expect(await verify(password)).toEqual({ kind: "right", device: "scanner" });
    expect(derived).toBe(1);
    expect(await verify(other)).toEqual({ kind: "right", device: "phone" });
    expect(derived).toBe(2);
  });

  test("no longer once it is removed, or another has taken its place", async () => {
    cheapen();
    const both = [await add("scanner"), await add("phone")];
    for (const each of both) expect((await verify(each)).kind).toBe("right");
    await removePasswords(context.paths, context.clock, ({ device }) => device === "scanner");
    await add("phone");
    for (const each of both) expect(await verify(each)).toEqual(WRONG);
  });

  test("of a domain for its mailboxes, but not for one with an account file of its own", async () => {
    cheapen();
    const password = await add("scanner", "@example.org");
    expect((await verify(password)).kind).toBe("right");
    expect(await verify(password, "anna@example.com")).toEqual(WRONG);
    expect(await verify(password, "@example.org")).toEqual(WRONG);
    const path = accountPath(context.paths, ANNA);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    expect(await verify(password)).toEqual(WRONG);
    expect((await verify(password, "berta@example.org")).kind).toBe("right");
  });

  test("of a domain for a mailbox that had an account file when it was tried first", async () => {
    cheapen();
    const password = await add("scanner", "@example.org");
    const path = accountPath(context.paths, ANNA);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    expect(await verify(password)).toEqual(WRONG);
    rmSync(path);
    expect((await verify(password)).kind).toBe("right");
  });
});

describe("a password is wrong", () => {
  test.each(["berta@example.org", "nobody@example.org", "anna", "", "@", `${"x".repeat(9000)}@example.org`])(
    "for any user but its own, after one derivation: %.20s",
    async (user) => {
      cheapen();
      const password = await add();
      await add("scanner", "berta@example.org");
      expect(await verify(password, user)).toEqual(WRONG);
      expect(derived).toBe(1);
    },
  );

  test("when there is not a single one, after a derivation as strong as any", async () => {
    const strengths: number[] = [];
    const { paths, clock } = context;
    const hash: typeof hashPassword = async (password, parameters) => {
      strengths.push(parameters.n * parameters.r * parameters.p);
      return hashPassword(password, { ...parameters, n: 2 });
    };
    expect(await new Verifier({ paths, clock, hash }).verify(ANNA, new Secret("any"), LOCAL)).toEqual(WRONG);
    await add();
    const { scrypt } = JSON.parse(readFileSync(passwordsPath(paths), "utf8"));
    expect(strengths).toEqual([2 ** 18]);
    expect(scrypt.n * scrypt.r * scrypt.p).toBe(2 ** 18);
  });

  test("at once the second time, which counts for no waiting", async () => {
    cheapen();
    await add();
    for (let round = 0; round < 50; round += 1) expect(await verify("old-password")).toEqual(WRONG);
    expect(derived).toBe(1);
  });

  test("no longer once it has been made right", async () => {
    cheapen();
    const password = await add();
    const file = readFileSync(passwordsPath(context.paths), "utf8");
    await removePasswords(context.paths, context.clock, () => true);
    expect(await verify(password)).toEqual(WRONG);
    writeFileSync(passwordsPath(context.paths), file);
    expect((await verify(password)).kind).toBe("right");
  });
});

test("a password that was made while it was tried is not taken for wrong from then on", async () => {
  cheapen();
  const { paths, clock } = context;
  const password = await add();
  const file = readFileSync(passwordsPath(paths), "utf8");
  await removePasswords(paths, clock, () => true);
  let isFirst = true;
  const hash: typeof hashPassword = async (...given) => {
    if (isFirst) {
      isFirst = false;
      writeFileSync(passwordsPath(paths), file);
      await racing.verify("berta@example.org", new Secret("any"), LOCAL); // has the file read again
    }
    return hashPassword(...given);
  };
  const racing = new Verifier({ paths, clock, hash });
  expect(await racing.verify(ANNA, password, LOCAL)).toEqual(WRONG);
  expect((await racing.verify(ANNA, password, LOCAL)).kind).toBe("right");
});

describe("guessing from another machine", () => {
  test("is made to wait, and a password that was right before is not", async () => {
    cheapen();
    const password = await add();
    await verify(password, ANNA, REMOTE);
    for (let round = 0; round < 5; round += 1) expect(await verify(`guess ${round}`, ANNA, REMOTE)).toEqual(WRONG);
    expect(await verify("guess 6", ANNA, REMOTE)).toEqual({ kind: "throttled", seconds: 1 });
    expect((await verify(password, ANNA, REMOTE)).kind).toBe("right");
    expect(derived).toBe(6);
  });

  test("has waited enough after a time, and begins anew after a right one", async () => {
    cheapen();
    const password = await add();
    for (let round = 0; round < 5; round += 1) await verify(`guess ${round}`, ANNA, REMOTE);
    expect((await verify(password, ANNA, REMOTE)).kind).toBe("throttled");
    context.clock.advance(1000);
    expect((await verify(password, ANNA, REMOTE)).kind).toBe("right");
    expect(await verify("guess 5", ANNA, REMOTE)).toEqual(WRONG);
    expect(await verify("guess 6", ANNA, REMOTE)).toEqual(WRONG);
  });

  test("many at once is no way around waiting", async () => {
    cheapen();
    await add();
    const verdicts = await Promise.all(
      Array.from({ length: 40 }, (_, index) => verify(`guess ${index}`, ANNA, REMOTE)),
    );
    // Two are looked at together: the sixth may have begun before the fifth was found wrong.
    expect([5, 6]).toContain(derived);
    expect(verdicts.filter(({ kind }) => kind === "wrong")).toHaveLength(derived);
    expect(verdicts.filter(({ kind }) => kind === "throttled")).toHaveLength(40 - derived);
  });
});

test("guessing on this machine keeps nobody out who has not been in yet", async () => {
  cheapen();
  const password = await add();
  await Promise.all(Array.from({ length: 60 }, (_, index) => verify(`guess ${index}`)));
  expect((await verify(password)).kind).toBe("right");
});

describe("many logins at once", () => {
  test("with the same password are one derivation", async () => {
    const password = await add();
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => verify(password)));
    expect(new Set(verdicts.map(({ kind }) => kind))).toEqual(new Set(["right"]));
    expect(derived).toBe(1);
  });

  test("of different users are derived two at a time, and beyond a bound told to come again", async () => {
    cheapen();
    const ask = (index: number) => verify("guess", `user${index}@example.org`);
    const verdicts = await Promise.all(Array.from({ length: 80 }, (_, index) => ask(index)));
    expect(atOnce.most).toBe(2);
    expect(verdicts.filter(({ kind }) => kind === "wrong")).toHaveLength(64);
    expect(verdicts.filter(({ kind }) => kind === "throttled")).toHaveLength(16);
    expect(await ask(79)).toEqual(WRONG);
  });
});

test("passwords that cannot be read let nobody in, not even who was in before, until they can", async () => {
  cheapen();
  const password = await add();
  await verify(password);
  const file = readFileSync(passwordsPath(context.paths), "utf8");
  writeFileSync(passwordsPath(context.paths), "{}");
  expect(await verify(password)).toEqual({ kind: "unavailable", words: "the proxy cannot read its passwords" });
  writeFileSync(passwordsPath(context.paths), file);
  expect((await verify(password)).kind).toBe("right");
  rmSync(passwordsPath(context.paths));
  expect(await verify(password)).toEqual(WRONG);
});

test("deriving leaves the event loop to others", async () => {
  const password = await add();
  let isDone = false;
  const verdict = verify(password).then(() => (isDone = true));
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(isDone).toBe(false);
  await verdict;
});
