/** A bus and a keyring of their own (dbus-daemon, gnome-keyring), unlocked: a Secret Service that is not the user's. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../src/platform/process.ts";

const until = async (ready: () => Promise<boolean>) => {
  for (let tries = 0; tries < 200; tries++) {
    if (await ready()) return;
    await sleep(25);
  }
  throw new Error("the private session did not come up");
};

const end = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await ended;
};

/** Names no folder of services: such a bus starts nothing by itself. */
const busConfiguration = (
  address: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>${address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/** A bus and a keyring of their own: nothing of the developer's session is touched. */
export function privateSession() {
  const home = mkdtempSync(join(tmpdir(), "mks-")); // short: a socket's path has room for 108 bytes
  const children: ChildProcess[] = [];
  const base = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    LANG: "C.UTF-8",
    XDG_RUNTIME_DIR: join(home, "run"),
    XDG_DATA_HOME: join(home, "data"),
    XDG_CACHE_HOME: join(home, "cache"),
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${home}/bus`,
  };
  const env = () => base;
  const call = (path: string, method: string, ...args: string[]) =>
    run("gdbus", ["call", "--session", "-d", "org.freedesktop.secrets", "-o", path, "-m", method, ...args], {
      env: base,
    });
  const startBus = async () => {
    for (const name of ["run", "data", "cache"]) mkdirSync(join(home, name), { mode: 0o700 });
    const config = join(home, "bus.conf");
    writeFileSync(config, busConfiguration(`unix:path=${home}/bus`));
    const args = ["--nofork", "--nopidfile", "--nosyslog", `--config-file=${config}`];
    children.push(spawn("dbus-daemon", args, { env: base, stdio: "ignore" }));
    const ping = ["call", "--session", "-d", "org.freedesktop.DBus", "-o", "/", "-m", "org.freedesktop.DBus.GetId"];
    await until(async () => (await run("gdbus", ping, { env: base })).status === 0);
  };
  const startKeyring = async () => {
    const daemon = spawn("gnome-keyring-daemon", ["--unlock", "--components=secrets", "--foreground"], {
      env: base,
      stdio: ["pipe", "ignore", "ignore"],
    });
    children.push(daemon);
    daemon.stdin.end("test password");
    const alias = ["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.ReadAlias", "default"];
    await until(async () => {
      const { stdout } = await call(alias[0] ?? "", ...(alias.slice(1) as [string, string]));
      return new TextDecoder().decode(stdout).includes("/collection/login");
    });
    return daemon;
  };
  return {
    home,
    env,
    startBus,
    async start() {
      await startBus();
      await startKeyring();
    },
    async lock() {
      const collection = "['/org/freedesktop/secrets/collection/login']";
      await call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", collection);
    },
    /** As a new login does: the daemon starts again with the password. */
    async unlock() {
      const daemon = children.pop();
      if (daemon !== undefined) await end(daemon);
      await startKeyring();
    },
    async stop() {
      for (const child of children.toReversed()) await end(child);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
