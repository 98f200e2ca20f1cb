/** What the agent does when a sign-in has ended: told once, on the desktop and to a hook, and a click mends it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { senderListens, startNotificationService, type NotificationService } from "../../lab/notifications.ts";
import { privateSession } from "../../lab/secret-service.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { until as untilSo } from "../support/until.ts";
import { Home, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";

withPrograms(["notify-send", "python3 (GDBus)", "dbus-daemon", "gdbus"])(
  "an agent whose account's sign-in ends",
  () => {
    const session = privateSession();
    let world: World;
    let desktop: NotificationService;
    let home: Home;
    let log = "";
    let agents: ChildProcess[] = [];

    beforeAll(async () => {
      [world] = await Promise.all([startWorld({ mail: "none" }), session.startBus()]);
      desktop = await startNotificationService(session.env());
    });
    afterAll(async () => {
      await desktop.stop();
      await Promise.all([session.stop(), world.stop()]);
    });
    beforeEach(async () => {
      home = new Home(world);
      home.env["DBUS_SESSION_BUS_ADDRESS"] = session.env().DBUS_SESSION_BUS_ADDRESS;
      // A display, and a terminal to open on it: Thunderbird's client comes back to https://localhost, where browsers warn first.
      home.env["DISPLAY"] = ":0";
      home.env["PATH"] = `${join(home.folder, "bin")}:${home.environment()["PATH"]}`;
      mkdirSync(join(home.folder, "bin"));
      const terminal = join(home.folder, "bin/x-terminal-emulator");
      writeFileSync(terminal, '#!/bin/sh\n[ "$1" = -e ] && shift && exec "$@" > "$HOME/window" 2>&1\n', {
        mode: 0o755,
      });
      succeeded(await home.mailkey(["vault", "init", "age"]));
      world.setAccessTokenSeconds(3600);
      succeeded(await home.add(["--no-test"]));
      writeFileSync(
        join(home.folder, ".config/mailkey/config.toml"),
        `[hooks]\nneeds_login = 'echo "$MAILKEY_EVENT $MAILKEY_ADDRESS $MAILKEY_HINT" >> "$HOME/told"'\n` +
          `renewed = 'echo "$MAILKEY_EVENT $MAILKEY_RESOURCE" >> "$HOME/renewed"'\n`,
        { mode: 0o600 },
      );
    });
    afterEach(async () => {
      await home.mailkey(["agent", "stop"]);
      for (const each of agents.splice(0)) each.kill("SIGKILL");
      home.dispose();
    });

    const until = (isSo: () => boolean) => untilSo(isSo, () => log);
    const start = async () => {
      log = "";
      const child = home.start(["agent", "run"]);
      agents.push(child);
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
      });
      await until(() => log.includes("agent started"));
    };
    const lines = (name: string) => {
      const path = join(home.folder, name);
      return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
    };
    const force = () => home.mailkey(["token", home.address, "--force"]);

    test("says so once, through restarts as well", async () => {
      await start();
      succeeded(await force());
      await until(() => lines("renewed").length === 1);
      world.revokeGrants(home.address);
      for (let attempts = 0; attempts < 3; attempts += 1) expect((await force()).status).toBe(77);
      await until(() => lines("told").length > 0 && desktop.shown.length > 0);
      for (const message of desktop.shown) await senderListens(message);
      await home.mailkey(["agent", "stop"]);
      await until(() => desktop.closed.length === 1);
      await start();
      expect((await force()).status).toBe(77);
      expect(succeeded(await home.mailkey(["agent", "metrics"])).stdout).toMatch(
        /^mailkey_renewals_total\{.*outcome="refused"\} [1-9]/m,
      );
      expect(lines("told")).toEqual([`needs_login ${home.address} mailkey login ${home.address}`]);
      expect(desktop.shown).toHaveLength(1);
      expect(desktop.shown[0]).toMatchObject({
        summary: `Sign in again: ${home.address}`,
        actions: expect.arrayContaining(["default"]),
      });
    });

    test("is mended by a click on the message", async () => {
      const before = desktop.shown.length;
      await start();
      world.revokeGrants(home.address);
      expect((await force()).status).toBe(77);
      await until(() => desktop.shown.length > before);
      desktop.click(before + 1, "default");
      await until(() => log.includes("a click opened the sign-in"));
      await until(() => log.includes("it works again"));
      succeeded(await force());
      expect(lines("told")).toHaveLength(1);
    });
  },
);
