/** Many processes at one credential, and processes that die in the middle of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startWorld, type World } from "../../lab/world.ts";
import { finish, Home, succeeded } from "./harness.ts";

const ROUNDS = 200;
const AT_ONCE = 100;

describe("100 processes asking at once for an expired token, with a provider that punishes reuse,", () => {
  let world: World;
  let home: Home;
  beforeAll(async () => {
    world = await startWorld({ mail: "none", accessTokenSeconds: 1 });
    home = new Home(world);
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.add(["--no-test"]));
    await Bun.sleep(1100);
    world.setAccessTokenSeconds(3600);
  });
  afterAll(async () => {
    await world.stop();
    home.dispose();
  });

  test("cost exactly one refresh and all get the same token", async () => {
    const results = await Promise.all(Array.from({ length: AT_ONCE }, () => home.mailkey(["token", home.address])));
    expect(results.filter(({ status }) => status !== 0).map(({ stderr }) => stderr)).toEqual([]);
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    expect(results[0]?.stdout).toMatch(/^[\x21-\x7e]+\n$/);
    expect(world.refreshCount()).toBe(1);
  });

  test("leave the grant alive", async () => {
    succeeded(await home.mailkey(["token", home.address, "--force"]));
    expect(world.refreshCount()).toBe(2);
  });
});

describe.each([
  ["keeps old refresh tokens valid, as Microsoft does,", "keep-old-valid"],
  ["punishes the reuse of a refresh token", "every-use"],
] as const)("200 rounds of processes killed at random, with a provider that %s", (_what, rotation) => {
  let world: World;
  let home: Home;
  beforeAll(async () => {
    world = await startWorld({ mail: "none", rotation });
    home = new Home(world);
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.add(["--no-test"]));
  });
  afterAll(async () => {
    await world.stop();
    home.dispose();
  });

  test("end in a token or a clear word, never in a deadlock or a half-written file", async () => {
    const start = performance.now();
    succeeded(await home.mailkey(["token", home.address, "--force"]));
    const runMs = performance.now() - start;
    let lost = 0;
    let killed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const victims = [0, 1].map(() => home.start(["token", home.address, "--force"]));
      const ends = victims.map((victim) => finish(victim));
      // From before the program has read anything until after it has printed.
      await Bun.sleep(Math.random() * 1.3 * runMs);
      for (const victim of victims) if (victim.exitCode === null) killed += Number(victim.kill("SIGKILL"));
      await Promise.all(ends);
      const after = await home.mailkey(["token", home.address, "--force"]);
      if (after.status === 0) {
        expect(after.stdout).toMatch(/^[\x21-\x7e]+\n$/);
        continue;
      }
      // What physics allows: the request had left, the answer was not yet on disk.
      expect(rotation).toBe("every-use");
      expect(after.status).toBe(77);
      expect(after.stdout).toBe("");
      expect(after.stderr).toContain(`mailkey: hint: mailkey login ${home.address}`);
      lost += 1;
      succeeded(await home.mailkey(["login", home.address, "--no-test"]));
    }
    const vault = join(home.folder, ".local/state/mailkey/vault");
    expect(readdirSync(vault).filter((name) => !name.startsWith("."))).toHaveLength(1);
    expect(killed).toBeGreaterThan(ROUNDS / 4);
    process.stdout.write(
      `  ${rotation}: ${killed} processes killed in ${ROUNDS} rounds, ${lost} sign-ins lost (${((100 * lost) / ROUNDS).toFixed(1)} %)\n`,
    );
    if (rotation === "keep-old-valid") expect(lost).toBe(0);
  });
});
