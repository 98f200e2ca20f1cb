import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { homeVariables } from "../../../src/doctor/checks/home-variables.ts";
import { otherMailkeys } from "../../../src/doctor/checks/other-mailkeys.ts";
import { systemClock } from "../../../src/doctor/checks/system-clock.ts";
import { resolvePaths } from "../../../src/platform/paths.ts";
import { VERSION } from "../../../src/version.ts";
import { writeExecutable } from "../../vault/support.ts";
import { DoctorHome } from "../home.ts";

let home: DoctorHome;
beforeEach(async () => {
  home = await DoctorHome.healthy();
});
afterEach(() => home.dispose());

describe("home-variables", () => {
  const seenWith = async (change: Record<string, string>) => {
    const env = { ...home.env, ...change };
    return (await home.examine(homeVariables, { env, paths: resolvePaths(env) })).map(({ seen }) => seen);
  };

  test("has nothing to say of absolute paths", async () => {
    expect(await seenWith({ XDG_CONFIG_HOME: join(home.folder, ".config") })).toEqual([]);
  });

  test("reports a HOME that is no folder", async () => {
    expect(await seenWith({ HOME: "/nonexistent" })).toEqual(["HOME is /nonexistent, which is no folder"]);
    expect(await seenWith({ HOME: "" })).toEqual(["HOME is not set"]);
  });

  test("reports a relative XDG variable, which is ignored", async () => {
    expect(await seenWith({ XDG_STATE_HOME: "state", XDG_RUNTIME_DIR: "run" })).toEqual([
      "XDG_STATE_HOME is state, which is no absolute path",
      "XDG_RUNTIME_DIR is run, which is no absolute path",
    ]);
  });

  test("reports a MAILKEY_HOME that does not exist, or is not where the accounts are", async () => {
    const elsewhere = join(home.folder, "elsewhere");
    expect(await seenWith({ MAILKEY_HOME: elsewhere })).toEqual([`MAILKEY_HOME is ${elsewhere}, which does not exist`]);
    mkdirSync(elsewhere);
    expect(await seenWith({ MAILKEY_HOME: elsewhere })).toEqual([
      `MAILKEY_HOME is ${elsewhere}, where no account is; there are accounts in ${home.path("config")}`,
    ]);
    mkdirSync(join(elsewhere, "config", "accounts"), { recursive: true });
    symlinkSync(home.accountFile(), join(elsewhere, "config", "accounts", "me@hotmail.com.toml"));
    expect(await seenWith({ MAILKEY_HOME: elsewhere })).toEqual([]);
  });
});

describe("system-clock", () => {
  test("has nothing to say when time goes on, or is put right by seconds", async () => {
    expect(await home.examine(systemClock)).toEqual([]);
    home.clock.advance(80 * 86_400_000);
    expect(await home.examine(systemClock)).toEqual([]);
    await home.storeCredential();
    home.clock.jump(-60_000);
    expect(await home.examine(systemClock)).toEqual([]);
  });

  test("reports a battery that is empty: 1970, or any other year in which this program was not", async () => {
    home.clock.wallMs = 86_400_000;
    const [finding, ...more] = await home.examine(systemClock);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: "error", seen: "the clock says 1970-01-02 00:00 UTC" });
    home.clock.wallMs = Date.UTC(2150, 0);
    expect((await home.examine(systemClock))[0]?.severity).toBe("error");
  });

  test("reports a clock that was set back behind the last renewal", async () => {
    home.clock.jump(-86_400_000);
    expect((await home.examine(systemClock))[0]).toMatchObject({
      severity: "warning",
      seen: "the clock says 2026-01-14 12:00 UTC, but mailkey renewed a token at 2026-01-15 12:00 UTC",
    });
  });
});

describe("other-mailkeys", () => {
  /** A folder on PATH with a mailkey in it. */
  const install = (name: string, script: string) => {
    mkdirSync(join(home.folder, name));
    return writeExecutable(join(home.folder, name, "mailkey"), `#!/bin/sh\n${script}\n`);
  };
  const examine = (mailkey: string, ...folders: string[]) => {
    const path = [...folders.map((name) => join(home.folder, name)), home.env["PATH"]].join(":");
    return home.examine(otherMailkeys, { mailkey, env: { ...home.env, PATH: path } });
  };

  test("has nothing to say of this one, links to it, and others of its version", async () => {
    const own = install("own", "exit 9");
    mkdirSync(join(home.folder, "linked"));
    symlinkSync(own, join(home.folder, "linked", "mailkey"));
    install("same", `echo "mailkey ${VERSION} (bun, linux x64)"`);
    expect(await examine(own, "linked", "own", "same")).toEqual([]);
    expect(await examine(own)).toEqual([]);
  });

  test("reports an older one in front, and removes it as it says", async () => {
    const own = install("own", "exit 9");
    const old = install("old", "echo 'mailkey 0.0.1 (node)'");
    const [finding, ...more] = await examine(own, "old", "own");
    expect(more).toEqual([]);
    expect(finding?.seen).toBe(`${old} is another mailkey: it says 0.0.1, this one is ${VERSION}`);
    expect(finding?.means).toContain("It comes first on PATH");
    await home.follow(finding);
    expect(await examine(own, "old", "own")).toEqual([]);
  });

  test("reports one behind it, for programs with another PATH, and one that does not run", async () => {
    const own = install("own", "exit 9");
    install("broken", "exit 1");
    const [finding] = await examine(own, "own", "broken");
    expect(finding?.seen).toContain("it does not tell its version");
    expect(finding?.means).toContain("timers");
  });
});
