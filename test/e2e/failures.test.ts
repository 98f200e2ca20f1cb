/** A provider that is not itself, a disk that is full, a folder that is hostile: what the program prints, and what it keeps. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { granted, REPLIES, startHostileServer, type HostileServer, type Reply } from "../../lab/hostile.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { ARTEFACT, Home, succeeded, type Result } from "./harness.ts";

let world: World;
let hostile: HostileServer;
let home: Home;
beforeAll(async () => {
  [world, hostile] = await Promise.all([startWorld({ mail: "none" }), startHostileServer()]);
});
afterAll(() => Promise.all([world.stop(), hostile.stop()]));
afterEach(() => {
  hostile.clear();
  home.dispose();
});

/** Signed in with the real server for `seconds`; from then on the account's token endpoint is the hostile one. */
async function signedIn(seconds: number): Promise<void> {
  home = new Home(world);
  home.env["NODE_EXTRA_CA_CERTS"] = join(home.folder, "ca.pem");
  writeFileSync(
    home.env["NODE_EXTRA_CA_CERTS"],
    readFileSync(world.caFile, "utf8") + readFileSync(hostile.caFile, "utf8"),
  );
  succeeded(await home.mailkey(["vault", "init", "age"]));
  world.setAccessTokenSeconds(seconds);
  succeeded(await home.add(["--no-test"]));
  const file = join(home.folder, ".config/mailkey/accounts", `${home.address}.toml`);
  writeFileSync(file, readFileSync(file, "utf8").replace(world.endpoints.token, hostile.tokenEndpoint), {
    mode: 0o600,
  });
  // Short, so that the tests are: the default budget of 40 s is tested with a clock of its own in test/tokens.
  writeFileSync(
    join(home.folder, ".config/mailkey/config.toml"),
    "[network]\ntimeout_seconds = 2\nretry_seconds = 3\n",
    { mode: 0o600 },
  );
}

const token = (...words: string[]): Promise<Result> => home.mailkey(["token", home.address, ...words]);
const TROUBLE: readonly [string, Reply][] = [
  ["answers 500", { status: 500, body: "oops" }],
  ["answers 429 and asks for patience", { status: 429, headers: { "retry-after": "120" }, body: "" }],
  [
    "answers HTML instead of JSON",
    { status: 200, headers: { "content-type": "text/html" }, body: "<html>captive portal</html>" },
  ],
  ["never answers", "silence"],
  ["breaks the connection", "reset"],
  ["breaks off in the middle", "truncate"],
];

describe.each(TROUBLE)("a provider that %s", (_what, reply) => {
  test("costs nothing while the old token is valid: it is printed", async () => {
    await signedIn(60); // half of it is the margin
    const before = (await token()).stdout;
    hostile.reply(reply);
    const asked = hostile.requests.length;
    const result = await home.mailkey(["token", home.address, "--min-ttl", "61"]);
    expect(hostile.requests.length).toBe(asked + 1);
    expect([result.status, result.stdout]).toEqual([0, before]);
  });

  test("is exit 75 and nothing on standard output when there is no valid token, and once it is back all is well", async () => {
    await signedIn(1);
    await Bun.sleep(1100);
    hostile.reply(...Array.from({ length: 12 }, () => reply));
    const down = await token();
    expect([down.status, down.stdout]).toEqual([75, ""]);
    expect(down.stderr).toContain("mailkey: hint: nothing is lost: try again later");
    hostile.clear();
    hostile.reply(granted());
    expect(succeeded(await token()).stdout).toBe("hostile-access-9d41c7\n");
  });
});

describe("an answer", () => {
  beforeEach(async () => {
    await signedIn(1);
    await Bun.sleep(1100);
  });

  test.each([
    ["with expires_in as a string", { expires_in: "3600" }],
    ["without expires_in", { expires_in: undefined }],
    ["without scope", { scope: undefined }],
    ["without a new refresh token", { refresh_token: undefined }],
    ['with token_type "bearer"', { token_type: "bearer" }],
  ])("%s is good enough, and is cached", async (_what, change) => {
    hostile.reply(granted(change));
    const before = hostile.requests.length;
    expect(succeeded(await token()).stdout).toBe("hostile-access-9d41c7\n");
    expect(succeeded(await token()).stdout).toBe("hostile-access-9d41c7\n");
    expect(hostile.requests.length).toBe(before + 1);
  });

  test("of invalid_grant in Microsoft's words asks to sign in again, at the next run too, without asking the provider twice", async () => {
    hostile.reply(REPLIES.unusedTooLong);
    const first = await token();
    const before = hostile.requests.length;
    const second = await token();
    for (const result of [first, second]) {
      expect([result.status, result.stdout]).toEqual([77, ""]);
      expect(result.stderr).toContain("AADSTS700082");
      expect(result.stderr).toMatch(/\nmailkey: why: Microsoft ends a sign-in that nothing has used .*\n/);
      expect(result.stderr).toContain(`mailkey: hint: mailkey login ${home.address}`);
    }
    expect(hostile.requests.length).toBe(before);
    expect((await home.mailkey(["status"])).stdout).toContain("sign in again");
  });
});

describe("a disk", () => {
  const vaultFiles = () =>
    readdirSync(join(home.folder, ".local/state/mailkey/vault")).filter((name) => !name.startsWith("."));
  const contents = () =>
    vaultFiles().map((name) => readFileSync(join(home.folder, ".local/state/mailkey/vault", name)).toString("hex"));

  test.if(canMount())(
    "that is full is a clear error before the refresh token is spent, and the old credential is intact",
    async () => {
      await signedIn(1);
      const state = join(home.folder, ".local/state/mailkey");
      const before = contents();
      const saved = join(home.folder, "saved");
      spawnSync("cp", ["-a", state, saved]);
      mount(state, "size=64k");
      try {
        spawnSync("cp", ["-a", `${saved}/.`, state]);
        spawnSync("sh", ["-c", `head -c 1m /dev/zero >'${state}/filler'`]);
        const asked = hostile.requests.length;
        await Bun.sleep(1100);
        const result = await token();
        expect([result.status, result.stdout]).toEqual([74, ""]);
        expect(result.stderr).toContain("no space left on the device");
        expect(hostile.requests.length).toBe(asked);
        expect(contents()).toEqual(before);
      } finally {
        spawnSync("umount", [state]);
      }
    },
  );

  test.if(canMount())("that is read-only serves the token it has, and says why it cannot renew", async () => {
    await signedIn(8);
    const state = join(home.folder, ".local/state/mailkey");
    const cached = (await token()).stdout;
    spawnSync("mount", ["--bind", state, state]);
    spawnSync("mount", ["-o", "remount,bind,ro", state]);
    try {
      expect((await token()).stdout).toBe(cached);
      await Bun.sleep(8100);
      const result = await token();
      expect([result.status, result.stdout]).toEqual([74, ""]);
      expect(result.stderr).toMatch(/read-only|readonly/);
    } finally {
      spawnSync("umount", [state]);
    }
  });

  test("that is full under standard output is a failure, not a silent success", async () => {
    await signedIn(3600);
    const { status } = await home.program("sh", ["-c", `'${ARTEFACT}' token ${home.address} >/dev/full`]);
    expect(status).toBe(74);
  });
});

/** Mounting needs root; and where a sandbox forbids it, these two cannot be told. */
function canMount(): boolean {
  const probe = new Home();
  const ok =
    process.getuid?.() === 0 &&
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", probe.folder]).status === 0;
  if (ok) spawnSync("umount", [probe.folder]);
  probe.dispose();
  return ok;
}

function mount(folder: string, options: string): void {
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `${options},mode=700`, "tmpfs", folder]).status !== 0)
    throw new Error("cannot mount");
}

describe("a hostile folder", () => {
  test("with bunfig.toml, .env, package.json and tsconfig.json changes nothing", async () => {
    await signedIn(3600);
    const folder = join(home.folder, "hostile");
    mkdirSync(folder);
    const evil = join(folder, "evil.ts");
    writeFileSync(evil, `require("node:fs").writeFileSync(${JSON.stringify(join(home.folder, "owned"))}, "x");`);
    writeFileSync(
      join(folder, "bunfig.toml"),
      `preload = ["./evil.ts"]\n[run]\npreload = ["./evil.ts"]\n[test]\npreload = ["./evil.ts"]\n`,
    );
    for (const name of [".env", ".env.local", ".env.production"])
      writeFileSync(join(folder, name), `MAILKEY_HOME=${folder}\nHTTPS_PROXY=http://127.0.0.1:1\n`);
    writeFileSync(join(folder, "package.json"), '{"name":"evil","main":"./evil.ts","type":"commonjs"}');
    writeFileSync(join(folder, "tsconfig.json"), '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}');
    const result = succeeded(await home.mailkey(["token", home.address], { cwd: folder }));
    expect(result.stdout).toMatch(/^\S+\n$/);
    expect(existsSync(join(home.folder, "owned"))).toBe(false);
  });
});

test("the name mutt_oauth2.py chooses the script's command line", async () => {
  home = new Home(world);
  const link = join(home.folder, "mutt_oauth2.py");
  symlinkSync(ARTEFACT, link);
  const { stdout } = await home.program(link, ["--help"]);
  expect(stdout).toContain("--authorize");
});
