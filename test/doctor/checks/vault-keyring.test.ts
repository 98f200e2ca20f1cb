import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { privateSession } from "../../../lab/secret-service.ts";
import { keyring } from "../../../src/doctor/checks/keyring.ts";
import { unattended } from "../../../src/doctor/checks/unattended.ts";
import { run } from "../../../src/platform/process.ts";
import { setUpKeyring } from "../../../src/vault/set-up.ts";
import { saveVaultSettings } from "../../../src/vault/settings.ts";
import { maySkip, writeExecutable } from "../../vault/support.ts";
import { DoctorHome } from "../home.ts";

describe.skipIf(maySkip("gnome-keyring-daemon", "secret-tool", "dbus-daemon", "gdbus"))("with the keyring:", () => {
  const session = privateSession();
  let home: DoctorHome;

  beforeAll(async () => {
    await session.start();
    home = await DoctorHome.healthy({ DBUS_SESSION_BUS_ADDRESS: session.env().DBUS_SESSION_BUS_ADDRESS });
    const { target } = await setUpKeyring(home.env);
    saveVaultSettings(home.paths, { folder: "vault", ...target });
    await home.storeCredential();
  });
  afterAll(async () => {
    home.dispose();
    await session.stop();
  });

  const examine = async (env: Record<string, string> = {}) =>
    (await home.examine(keyring, { env: { ...home.env, ...env } }))[0];

  test("an open keyring yields nothing, but is not to be had from cron", async () => {
    expect(await examine()).toBeUndefined();
    const [finding] = await home.examine(unattended);
    expect(finding?.seen).toContain("there is no session bus");
    expect(finding?.remedy).toEqual(["mailkey vault move age --identity default"]);
  });

  test("a machine without secret-tool", async () => {
    mkdirSync(join(home.folder, "debian"));
    writeExecutable(join(home.folder, "debian", "apt"), "#!/bin/sh\n");
    const onDebian = await examine({ PATH: join(home.folder, "debian") });
    expect(onDebian?.remedy).toEqual(["sudo apt install libsecret-tools"]);
    expect(await examine({ PATH: "/nonexistent" })).toMatchObject({
      remedy: [],
      advice: expect.stringContaining("libsecret"),
    });
  });

  test("a session without a bus", async () => {
    const finding = await examine({ DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent/bus" });
    expect(finding?.seen).toContain("there is no session bus");
    expect(finding?.advice).toContain("Log in to the desktop");
  });

  test("a keyring that is locked", async () => {
    await session.lock();
    expect((await examine())?.seen).toContain("the keyring is locked");
    await session.unlock();
    expect(await examine()).toBeUndefined();
  });

  test("a keyring that has lost mailkey's key", async () => {
    await run("secret-tool", ["clear", "application", "mailkey", "type", "vault-key"], { env: home.env });
    const finding = await examine();
    expect(finding?.seen).toContain("mailkey's key is not in the");
    await home.follow(finding);
    expect(await examine()).toBeUndefined();
  });
});
