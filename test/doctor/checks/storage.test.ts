import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locks } from "../../../src/doctor/checks/locks.ts";
import { runtimeFolder } from "../../../src/doctor/checks/runtime-folder.ts";
import { storage } from "../../../src/doctor/checks/storage.ts";
import { accountLockPath, tryLock } from "../../../src/platform/lock.ts";
import { run } from "../../../src/platform/process.ts";
import { ADDRESS, DoctorHome } from "../home.ts";

let home: DoctorHome;
beforeEach(async () => {
  home = await DoctorHome.healthy();
});
afterEach(() => home.dispose());

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)("storage, on a file system of its own", () => {
  let mounted = "";
  const mount = async (options: string) => {
    mounted = home.path("state");
    const { status, stderr } = await run("mount", ["-t", "tmpfs", "-o", options, "mailkey-test", mounted]);
    if (status !== 0) throw new Error(stderr);
    mkdirSync(home.path("state", "vault"), { mode: 0o700 });
  };
  afterEach(() => run("umount", [mounted]));

  test("reports a full disk", async () => {
    await mount("size=128k,mode=700");
    expect(await home.examine(storage)).toEqual([]);
    writeFileSync(home.path("state", "filler"), new Uint8Array(100 * 1024));
    const [finding, ...more] = await home.examine(storage);
    expect(more).toEqual([]);
    expect(finding?.seen).toBe(`cannot write ${home.path("state")}: no space left on the device`);
    expect(finding?.remedy[0]).toBe(`df -h ${home.path("state")}`);
    rmSync(home.path("state", "filler"));
    expect(await home.examine(storage)).toEqual([]);
  });

  test("reports a read-only file system, and makes it writable again", async () => {
    await mount("mode=700");
    await run("mount", ["-o", "remount,ro", mounted]);
    const [finding] = await home.examine(storage);
    expect(finding?.seen).toContain("the file system is read-only");
    expect(await home.examine(locks)).toEqual([]); // the same cause is not told twice
    await home.follow(finding);
    expect(await home.examine(storage)).toEqual([]);
  });
});

describe("storage", () => {
  test("has nothing to say of a healthy home, and leaves nothing there", async () => {
    expect(await home.examine(storage)).toEqual([]);
    const { stdout } = await run("find", [home.path("state"), "-name", ".doctor*"]);
    expect(new TextDecoder().decode(stdout)).toBe("");
  });

  test("makes no folder only to look", async () => {
    rmSync(home.path("state"), { recursive: true });
    expect(await home.examine(storage)).toEqual([]);
    expect(existsSync(home.path("state"))).toBeFalse();
  });

  test("reports a file where the folder has to be", async () => {
    rmSync(home.path("state"), { recursive: true });
    writeFileSync(home.path("state"), "");
    const [finding] = await home.examine(storage);
    expect(finding?.seen).toBe(`${home.path("state")} is not a folder`);
    await home.follow(finding);
    expect(await home.examine(storage)).toEqual([]);
  });
});

describe("locks", () => {
  const lock = () => accountLockPath(home.paths, ADDRESS);

  test("has nothing to say of a lock that is free, that is held, or that never was", async () => {
    expect(await home.examine(locks)).toEqual([]);
    const held = await tryLock(lock());
    expect(held).toBeDefined();
    expect(await home.examine(locks)).toEqual([]);
    held?.release();
    expect(await home.examine(locks)).toEqual([]);
  });

  test("reports a lock file that cannot be used", async () => {
    mkdirSync(lock(), { recursive: true });
    const [finding] = await home.examine(locks);
    expect(finding?.seen).toStartWith(`cannot lock ${lock()}`);
    await home.follow(finding);
    expect(await home.examine(locks)).toEqual([]);
  });

  test("reports a file in the place of the folder of locks", async () => {
    rmSync(home.path("state", "locks"), { recursive: true, force: true });
    writeFileSync(home.path("state", "locks"), "");
    const [finding] = await home.examine(locks);
    expect(finding).toMatchObject({ severity: "error", addresses: [ADDRESS] });
    await home.follow(finding);
    expect(await home.examine(locks)).toEqual([]);
  });
});

describe("runtime-folder", () => {
  const folder = () => join(home.folder, "run");

  test("makes one that is missing", async () => {
    expect(await home.examine(runtimeFolder)).toEqual([]);
    rmSync(folder(), { recursive: true });
    const [finding] = await home.examine(runtimeFolder);
    expect(finding?.seen).toBe(`XDG_RUNTIME_DIR is ${folder()}, which does not exist`);
    await finding?.fix?.run();
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    rmSync(folder(), { recursive: true });
    await home.follow(finding);
    expect(await home.examine(runtimeFolder)).toEqual([]);
  });

  test("makes one private that others can get into", async () => {
    chmodSync(folder(), 0o755);
    const [finding] = await home.examine(runtimeFolder);
    expect(finding?.seen).toContain("(mode 755)");
    await finding?.fix?.run();
    expect(await home.examine(runtimeFolder)).toEqual([]);
  });

  test("asks systemd for the one that is systemd's", async () => {
    const env = { ...home.env, XDG_RUNTIME_DIR: "/run/user/4711" };
    const paths = { ...home.paths, runtime: "/run/user/4711/mailkey" };
    const [finding] = await home.examine(runtimeFolder, { env, paths });
    expect(finding?.remedy).toEqual(['sudo loginctl enable-linger "$USER"']);
    expect(finding?.fix).toBeUndefined();
  });

  test("does not ask for one where there is no session", async () => {
    const { XDG_RUNTIME_DIR: _none, ...env } = home.env;
    expect(await home.examine(runtimeFolder, { env })).toEqual([]);
  });
});
