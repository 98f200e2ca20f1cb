import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import { accountLockPath } from "../../src/platform/lock.ts";
import type { Environment, Paths } from "../../src/platform/paths.ts";
import { run } from "../../src/platform/process.ts";
import { moveVault } from "../../src/vault/move.ts";
import { openVault } from "../../src/vault/open.ts";
import { setUpAge } from "../../src/vault/set-up.ts";
import { loadVaultSettings, saveVaultSettings } from "../../src/vault/settings.ts";
import { useVault, type VaultTarget } from "../../src/vault/switch.ts";
import { cleanEnv, failureOf, pathsIn, shortFolder } from "./support.ts";

const NAMES = ["a@example.com", "b@example.com", "c@example.com"];
const COMMAND: VaultTarget = { active: "command", command: { encrypt: "base64 | rev", decrypt: "rev | base64 -d" } };
const STEPS = [
  "marked",
  ...NAMES.map((name) => `copied ${name}`),
  "switched",
  ...NAMES.map((name) => `removed ${name}`),
  "done",
];

const contentOf = (name: string) => new TextEncoder().encode(`{"of":"${name}"}`);

describe("moving credentials to another vault", () => {
  let folder = shortFolder();
  let paths: Paths;
  let env: Environment;
  const ports = { clock: systemClock };

  beforeEach(async () => {
    folder.dispose();
    folder = shortFolder();
    paths = pathsIn(folder.path);
    env = cleanEnv(folder.path);
    const { target } = await setUpAge(paths, env, {}, new Date());
    saveVaultSettings(paths, { folder: "vault", ...target });
    const vault = await openVault(paths, env);
    for (const name of NAMES) await vault.write(name, contentOf(name));
  });
  afterEach(() => folder.dispose());

  const expectAllReadable = async () => {
    const vault = await openVault(paths, env);
    expect(await vault.list()).toEqual(NAMES);
    for (const name of NAMES) expect(Buffer.from((await vault.read(name)) ?? [])).toEqual(Buffer.from(contentOf(name)));
  };
  const filesLeft = () =>
    readdirSync(paths.state)
      .filter((name) => name.startsWith("vault"))
      .flatMap((name) =>
        name.endsWith(".json") ? [name] : readdirSync(join(paths.state, name)).map((file) => `${name}/${file}`),
      )
      .toSorted();

  test("carries all of them over and leaves no file behind", async () => {
    const { moved, settings } = await moveVault(paths, env, COMMAND, ports);
    expect([moved, settings.active]).toEqual([NAMES, "command"]);
    await expectAllReadable();
    expect(filesLeft()).toEqual(NAMES.map((name) => `vault/${name}.enc`));
  });

  test("works within one kind, from one identity to another", async () => {
    const identity = join(paths.config, "other.txt");
    await run("cp", [join(paths.config, "age-identity.txt"), join(paths.config, "kept.txt")]);
    rmSync(join(paths.config, "age-identity.txt"));
    saveVaultSettings(paths, { active: "age", folder: "vault", age: { identity: join(paths.config, "kept.txt") } });
    const { target } = await setUpAge(paths, env, {}, new Date());
    await run("mv", [join(paths.config, "age-identity.txt"), identity]);
    await moveVault(paths, env, { ...target, age: { identity } }, ports);
    rmSync(join(paths.config, "kept.txt"));
    await expectAllReadable();
    expect(filesLeft()).toEqual(NAMES.map((name) => `vault-2/${name}.age`));
  });

  test("keeps the settings of the vault that it left, for the way back", async () => {
    await moveVault(paths, env, COMMAND, ports);
    const { age } = loadVaultSettings(paths) ?? {};
    await moveVault(paths, env, { active: "age", ...(age === undefined ? {} : { age }) }, ports);
    await expectAllReadable();
    expect(filesLeft()).toEqual(NAMES.map((name) => `vault/${name}.age`));
  });

  test("changes nothing when the new vault does not work, or breaks down on the way", async () => {
    const counter = join(folder.path, "count");
    const breaksLater = `echo >> '${counter}'; test "$(wc -l < '${counter}')" -le 3 && base64 | rev`;
    for (const encrypt of ["false", breaksLater]) {
      const target: VaultTarget = { active: "command", command: { encrypt, decrypt: "rev | base64 -d" } };
      expect((await failureOf(moveVault(paths, env, target, ports))).code).toBe("ERR_VAULT_UNUSABLE");
      await expectAllReadable();
      expect(loadVaultSettings(paths)?.active).toBe("age");
      expect(filesLeft()).toEqual(NAMES.map((name) => `vault/${name}.age`));
    }
  });

  test("does not trust a vault that gives back something else", async () => {
    const bad = join(folder.path, "bad");
    const decrypt = `test -e '${bad}' && echo other || { touch '${bad}'; rev | base64 -d; }`;
    const target: VaultTarget = { active: "command", command: { encrypt: "base64 | rev", decrypt } };
    expect((await failureOf(moveVault(paths, env, target, ports))).message).toContain("does not give back");
    await expectAllReadable();
  });

  for (const step of STEPS) {
    test(`loses nothing when killed after "${step}", and the next run cleans up`, async () => {
      const script = join(import.meta.dir, "move-child.ts");
      const args = [script, folder.path, JSON.stringify(COMMAND), step];
      const child = await run(process.execPath, args, { env: { PATH: process.env["PATH"] } });
      // Some systems report the parent shell's view of it; what counts is that it did not end by itself.
      expect([child.signal, new TextDecoder().decode(child.stdout)]).toEqual(["SIGKILL", ""]);
      expect(loadVaultSettings(paths)?.active).toBe(
        STEPS.indexOf(step) < STEPS.indexOf("switched") ? "age" : "command",
      );
      await expectAllReadable();
      await moveVault(paths, env, COMMAND, ports);
      await expectAllReadable();
      expect(filesLeft().every((file) => file.endsWith(".enc"))).toBeTrue();
      expect(existsSync(join(paths.state, "vault-move.json"))).toBeFalse();
    });
  }

  test("waits for an account that is being renewed, and takes its new credential along", async () => {
    const holder = spawn(
      process.execPath,
      [join(import.meta.dir, "..", "support", "lock-holder.ts"), accountLockPath(paths, "b@example.com")],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    const ended = new Promise((resolve) => holder.once("close", resolve));
    await new Promise((held) => holder.stdout.once("data", held));
    let done = false;
    const move = moveVault(paths, env, COMMAND, ports).then((result) => {
      done = true;
      return result;
    });
    const vault = await openVault(paths, env);
    await vault.write("b@example.com", new TextEncoder().encode("renewed"));
    await Bun.sleep(50);
    expect(done).toBeFalse();
    holder.kill("SIGKILL");
    await ended;
    await move;
    expect(new TextDecoder().decode(await (await openVault(paths, env)).read("b@example.com"))).toBe("renewed");
  });

  test("takes along a credential that was stored while it was under way", async () => {
    const late = new TextEncoder().encode("late");
    const before = await openVault(paths, env);
    let written: Promise<string> | undefined;
    const onStep = (step: string) => {
      if (step === "marked") written = before.write("d@example.com", late);
    };
    await moveVault(paths, env, COMMAND, { ...ports, onStep });
    await written;
    expect(Buffer.from((await (await openVault(paths, env)).read("d@example.com")) ?? [])).toEqual(Buffer.from(late));
  });

  test("removes nothing when somebody edited vault.toml after it was interrupted", async () => {
    const script = join(import.meta.dir, "move-child.ts");
    await run(process.execPath, [script, folder.path, JSON.stringify(COMMAND), "switched"], {
      env: { PATH: process.env["PATH"] },
    });
    saveVaultSettings(paths, { active: "gpg", folder: "vault", gpg: { recipient: "F00D" } });
    const files = filesLeft().filter((file) => !file.endsWith(".json"));
    await moveVault(paths, env, COMMAND, ports);
    expect(filesLeft().filter((file) => !file.endsWith(".json"))).toEqual(files);
  });

  describe("making a vault active without moving", () => {
    test("is refused while credentials would be out of reach", async () => {
      const error = await failureOf(useVault(paths, env, COMMAND, ports));
      expect([error.code, error.hint]).toEqual(["ERR_USAGE", expect.stringContaining("mailkey vault move command")]);
      expect(loadVaultSettings(paths)?.active).toBe("age");
    });

    test("gives credentials up only when it is told to, and then leaves their files", async () => {
      rmSync(join(paths.config, "age-identity.txt"));
      expect((await failureOf(useVault(paths, env, COMMAND, ports))).code).toBe("ERR_USAGE");
      expect((await useVault(paths, env, COMMAND, { ...ports, leaveBehind: true })).active).toBe("command");
      expect(filesLeft()).toEqual(NAMES.map((name) => `vault/${name}.age`));
    });

    test("is allowed when nothing is stored", async () => {
      const vault = await openVault(paths, env);
      for (const name of NAMES) await vault.remove(name);
      expect((await useVault(paths, env, COMMAND, ports)).active).toBe("command");
    });

    test("is allowed within a kind when everything stays readable, and refused otherwise", async () => {
      const copy = join(paths.config, "copy.txt");
      await run("cp", ["-p", join(paths.config, "age-identity.txt"), copy]);
      expect((await useVault(paths, env, { active: "age", age: { identity: copy } }, ports)).age?.identity).toBe(copy);
      await expectAllReadable();
      const fresh = join(folder.path, "fresh");
      const { target } = await setUpAge(pathsIn(fresh), env, {}, new Date());
      expect((await failureOf(useVault(paths, env, target, ports))).code).toBe("ERR_USAGE");
      await expectAllReadable();
    });
  });
});
