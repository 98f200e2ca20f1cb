/** mailkey beside the script itself, as the packages of mutt and neomutt install it, on the same token file and the same token endpoint. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maySkip } from "../vault/support.ts";
import {
  CAT,
  localIso,
  pipeFlags,
  scriptCopies,
  startStub,
  tokenFields,
  World,
  type PipePair,
  type ScriptCopy,
  type Stub,
} from "./world.ts";

const COPIES = scriptCopies();
const WITH_FLAGS = COPIES.filter(({ hasFlags }) => hasFlags);
const GRANT = { access_token: "access-1", refresh_token: "refresh-1", expires_in: 3600, token_type: "Bearer" };

let stub: Stub;
let world: World;

beforeAll(async () => {
  stub = await startStub();
});
afterAll(() => stub.stop());
beforeEach(() => {
  world = new World();
  stub.requests.length = 0;
  stub.answer = () => ({ body: GRANT });
});
afterEach(() => world.remove());

/** mailkey with the flags for pipes, which it takes whatever the copy beside it does. */
function ours(words: readonly string[], pipes: PipePair = CAT) {
  return world.ours([...pipeFlags(pipes), ...words], stub);
}

function theirs(copy: ScriptCopy, words: readonly string[], pipes: PipePair = CAT) {
  return world.script(copy, words, stub, { pipes });
}

test.skipIf(COPIES.length === 0 && maySkip("mutt"))("mailkey is compared with what mutt and neomutt install", () => {
  expect(COPIES.length).toBeGreaterThan(0);
});

describe.skipIf(maySkip("python3")).each(COPIES)("$name", (copy) => {
  test("prints the same token from the same file, with and without --verbose", async () => {
    for (const registration of ["microsoft", "google"]) {
      world.write("tokens", JSON.stringify(tokenFields({ registration })));
      for (const words of [[world.tokenFile], ["-v", world.tokenFile], [world.tokenFile, "--verb"]]) {
        const [mine, its] = [await ours(words), await theirs(copy, words)];
        expect(mine).toMatchObject({ status: 0, stdout: its.stdout });
        expect(its).toMatchObject({ status: 0 });
      }
    }
    expect(stub.requests).toHaveLength(0);
  });

  test("renews an expired token by the same request, but for the secret and tenant that mean nothing", async () => {
    const expired = JSON.stringify(tokenFields({ access_token_expiration: localIso(-10) }));
    world.write("tokens", expired);
    const its = await theirs(copy, [world.tokenFile]);
    const itsFields = world.fields();
    world.write("tokens", expired);
    const mine = await ours([world.tokenFile]);
    expect(its).toMatchObject({ status: 0, stdout: "access-1\n" });
    expect(mine).toEqual({ status: 0, stdout: its.stdout, stderr: "" });

    const [itsRequest, myRequest] = stub.requests.map(({ parameters }) => Object.fromEntries(parameters));
    const { client_secret, tenant, ...meant } = itsRequest ?? {};
    expect({ client_secret, tenant }).toEqual({ client_secret: "", tenant: "common" });
    expect(myRequest).toEqual(meant);

    const { mailkey, ...myFields } = world.fields();
    expect(mailkey).toBeDefined();
    const expiration = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/;
    for (const fields of [itsFields, myFields]) {
      expect(fields["access_token_expiration"]).toMatch(expiration);
      expect(Math.abs(Date.parse(String(fields["access_token_expiration"])) - Date.parse(localIso(3600)))).toBeLessThan(
        60_000,
      );
    }
    expect({ ...myFields, access_token_expiration: "" }).toEqual({ ...itsFields, access_token_expiration: "" });
    expect(Object.keys(myFields)).toEqual(Object.keys(itsFields));
    expect(statSync(world.tokenFile).mode & 0o777).toBe(0o600);
  });

  test("reads what mailkey wrote, and mailkey reads what it wrote, in turns", async () => {
    let serial = 1;
    stub.answer = ({ parameters }) =>
      parameters.get("refresh_token") === `refresh-${serial - 1}`
        ? { body: { ...GRANT, access_token: `access-${serial}`, refresh_token: `refresh-${serial++}` } }
        : { status: 400, body: { error: "invalid_grant" } };
    world.write("tokens", JSON.stringify(tokenFields({ access_token_expiration: "", note: ["kept", { as: "ä€😀" }] })));
    const expire = () =>
      world.write("tokens", JSON.stringify({ ...world.fields(), access_token_expiration: localIso(-10) }));
    const turns = [ours, (words: readonly string[]) => theirs(copy, words)];
    for (let turn = 0; turn < 4; turn++) {
      const [writer, reader] = turn % 2 === 0 ? turns : turns.toReversed();
      const written = await writer?.([world.tokenFile]);
      expect(written).toMatchObject({ status: 0, stdout: `access-${turn + 1}\n` });
      expect(await reader?.([world.tokenFile])).toMatchObject({ status: 0, stdout: `access-${turn + 1}\n` });
      expire();
    }
    expect(stub.requests).toHaveLength(4);
    expect(world.fields()["note"]).toEqual(["kept", { as: "ä€😀" }]);
  });

  test("fails on the same things, with mailkey's standard output empty", async () => {
    const valid = JSON.stringify(tokenFields());
    const refused = JSON.stringify(tokenFields({ access_token_expiration: localIso(-10) }));
    const cases: readonly { readonly content: string; readonly words?: readonly string[]; readonly mode?: number }[] = [
      { content: refused },
      { content: JSON.stringify(tokenFields({ access_token_expiration: "", refresh_token: "" })) },
      { content: JSON.stringify(tokenFields({ registration: "yahoo" })) },
      { content: "not JSON" },
      { content: "{}" },
      { content: valid, mode: 0o644 },
      { content: valid, words: ["--auth", "TOKENS"] },
      { content: valid, words: ["TOKENS", "other"] },
      { content: valid, words: ["--nonsense", "TOKENS"] },
      { content: valid, words: [] },
    ];
    stub.answer = () => ({ status: 400, body: { error: "invalid_grant", error_description: "expired" } });
    for (const { content, words = ["TOKENS"], mode = 0o600 } of cases) {
      world.write("tokens", content);
      execFileSync("chmod", [mode.toString(8), world.tokenFile]);
      const line = words.map((word) => (word === "TOKENS" ? world.tokenFile : word));
      const [mine, its] = [await ours(line), await theirs(copy, line)];
      expect([content, line, its.status === 0]).toEqual([content, line, false]);
      expect([content, line, mine.status === 0, mine.stdout]).toEqual([content, line, false, ""]);
      expect(mine.stderr).not.toBe("");
      expect([line, mine.status === 2]).toEqual([line, its.status === 2]);
      expect(meaningOf(readFileSync(world.tokenFile, "utf8"))).toEqual(meaningOf(content));
    }
    const absent = [world.path("absent")];
    expect((await theirs(copy, absent)).status).not.toBe(0);
    expect(await ours(absent)).toMatchObject({ status: 77, stdout: "" });
  });
});

describe.skipIf(maySkip("python3")).each(WITH_FLAGS)("$name", (copy) => {
  test("prints the same SASL strings for every format, protocol, registration and user", async () => {
    const lines: string[][] = [];
    for (const format of ["token", "sasl", "msasl"]) {
      for (const protocol of ["imap", "pop", "smtp"]) {
        const words = ["--format", format, `--protocol=${protocol}`, world.tokenFile];
        lines.push(words, ["-v", "--email", "shared@example.com", ...words]);
      }
    }
    for (const registration of ["microsoft", "google"]) {
      world.write("tokens", JSON.stringify(tokenFields({ registration })));
      const its = await Promise.all(lines.map((words) => theirs(copy, words)));
      for (const [index, words] of lines.entries()) {
        expect([words, its[index]?.status]).toEqual([words, 0]);
        expect([words, await ours(words)]).toEqual([
          words,
          { status: 0, stdout: its[index]?.stdout ?? "", stderr: "" },
        ]);
      }
    }
  }, 30_000);
});

function meaningOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

describe.skipIf(maySkip("python3", "gpg", "age"))("encrypted token files", () => {
  // Its socket's path has 108 bytes at most, so the folder is not in the world's.
  const env: Record<string, string> = {};
  const gpg = (...args: string[]) =>
    execFileSync("gpg", ["--batch", "--quiet", ...args], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "ignore"],
    });

  beforeAll(() => {
    env["GNUPGHOME"] = mkdtempSync(join(tmpdir(), "g"));
    for (const name of ["first", "second"])
      gpg("--passphrase", "", "--quick-generate-key", `${name}@example.com`, "future-default", "default", "never");
  });
  afterAll(() => {
    execFileSync("gpgconf", ["--kill", "gpg-agent"], { env: { ...process.env, ...env } });
    rmSync(env["GNUPGHOME"] ?? "", { recursive: true, force: true });
  });
  beforeEach(() => {
    world.remove();
    world = new World(env);
  });

  const toSecond: PipePair = {
    encryption: ["gpg", "--encrypt", "--recipient", "second@example.com"],
    decryption: ["gpg", "--decrypt"],
  };

  test.each(COPIES)(
    "by gpg are read and written in turns with $name, without a pipe on mailkey's command line",
    async (copy) => {
      const created = JSON.stringify(tokenFields({ access_token_expiration: localIso(-10) }));
      world.write(
        "tokens",
        execFileSync("gpg", ["--batch", "--encrypt", "--recipient", "second@example.com"], {
          input: created,
          env: { ...process.env, ...env },
        }),
      );
      const mine = await world.ours([world.tokenFile], stub);
      expect(mine).toEqual({ status: 0, stdout: "access-1\n", stderr: "" });
      expect(await theirs(copy, [world.tokenFile], toSecond)).toMatchObject({ status: 0, stdout: "access-1\n" });
      expect(stub.requests).toHaveLength(1);
      expect(gpg("--list-packets", "--list-only", world.tokenFile).toString()).toContain(
        subkeyOf("second@example.com"),
      );
      expect(gpg("--list-packets", "--list-only", world.tokenFile).toString()).not.toContain(
        subkeyOf("first@example.com"),
      );
    },
  );

  test.each(COPIES)("by age are read and written in turns with $name", async (copy) => {
    const identity = world.path("identity");
    const recipient =
      execFileSync("sh", ["-c", `age-keygen -o '${identity}' 2>&1`])
        .toString()
        .trim()
        .split(" ")
        .at(-1) ?? "";
    const age: PipePair = { encryption: ["age", "-r", recipient], decryption: ["age", "-d", "-i", identity] };
    const created = JSON.stringify(tokenFields({ access_token_expiration: localIso(-10) }));
    world.write("tokens", execFileSync("age", ["-r", recipient], { input: created }));
    expect(await ours([world.tokenFile], age)).toEqual({ status: 0, stdout: "access-1\n", stderr: "" });
    expect(await theirs(copy, [world.tokenFile], age)).toMatchObject({ status: 0, stdout: "access-1\n" });
    expect(stub.requests).toHaveLength(1);
  });

  function subkeyOf(name: string): string {
    const listing = gpg("--with-colons", "--list-keys", name).toString();
    return /^sub:[^:]*:[^:]*:[^:]*:([0-9A-F]{16}):/m.exec(listing)?.[1] ?? "no subkey";
  }
});
