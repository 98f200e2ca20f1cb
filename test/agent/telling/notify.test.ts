/** With a real session bus, the real notify-send, and a notification service that shows nothing and clicks as told. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  senderListens,
  startNotificationService,
  type NotificationService,
  type Shown,
} from "../../../lab/notifications.ts";
import { privateSession } from "../../../lab/secret-service.ts";
import { MESSAGES } from "../../../src/agent/telling/messages.ts";
import { createLog } from "../../../src/service/log.ts";
import { Notifications } from "../../../src/agent/telling/notify.ts";
import { signInLaunch } from "../../../src/agent/telling/sign-in-launch.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { until as untilSo } from "../../support/until.ts";
import { ADDRESS, AgentWorld, occasion } from "../world.ts";

let world: AgentWorld;
let lines: string[];
let notifications: Notifications | undefined;

beforeEach(() => {
  world = new AgentWorld();
  lines = [];
});
afterEach(() => {
  notifications?.stop();
  notifications = undefined;
  world.dispose();
});

const until = <T>(look: () => T | undefined | false) => untilSo(look, () => lines.join("\n"));
const start = (env: Readonly<Record<string, string>>, platform: NodeJS.Platform = "linux", canLaunch = true) => {
  notifications = new Notifications({
    env,
    platform,
    log: createLog(MESSAGES, world.clock, "debug", (line) => lines.push(line)),
    launch: async (address) =>
      canLaunch
        ? ["/bin/sh", "-c", 'printf "%s\\n" "$@" > "$0"', join(world.home, "launched"), "login", address]
        : undefined,
  });
  return notifications;
};
const launched = () => join(world.home, "launched");
/** A program of the test's own in a folder of its own. */
const program = (name: string, script: string) => {
  const folder = join(world.home, "bin");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}`);
  chmodSync(join(folder, name), 0o755);
  return folder;
};

withPrograms(["notify-send", "python3 (GDBus)", "dbus-daemon", "gdbus"])("a notification", () => {
  const session = privateSession();
  let service: NotificationService;
  let before = 0;
  beforeAll(async () => {
    await session.startBus();
    service = await startNotificationService(session.env());
  });
  afterAll(async () => {
    await service.stop();
    await session.stop();
  });
  beforeEach(() => {
    before = service.shown.length;
  });
  const shown = (index = 0): Promise<Shown> => until(() => service.shown[before + index]);

  const waiting = async (index = 0): Promise<Shown> => {
    const message = await shown(index);
    await senderListens(message);
    return message;
  };

  test("says whose sign-in is over and why, and stays until somebody has seen to it", async () => {
    start(session.env()).tell(occasion());
    expect(await shown()).toMatchObject({
      app: "mailkey",
      icon: "dialog-password",
      summary: `Sign in again: ${ADDRESS}`,
      body: `the provider refuses\nClick to sign in, or type: mailkey login ${ADDRESS}`,
      actions: ["default", "Sign in", "login", "Sign in"],
      urgency: 2,
    });
  });

  test.each(["default", "login"])("that is clicked (%s) opens the sign-in", async (action) => {
    start(session.env()).tell(occasion());
    service.click((await shown()).id, action);
    await until(() => existsSync(launched()) && readFileSync(launched(), "utf8") === `login\n${ADDRESS}\n`);
    await until(() => lines.some((line) => line.includes("a click opened the sign-in")));
  });

  test("that is only closed opens nothing", async () => {
    start(session.env()).tell(occasion());
    service.click((await shown()).id, "anything-else");
    await sleep(0);
    notifications?.tell(occasion({ kind: "failing" }));
    await shown(1);
    expect(existsSync(launched())).toBe(false);
  });

  test("shows foreign words as they are: no markup, no C string, no option", async () => {
    const address = '"<b>&\\n$(x)--help"@test.example';
    start(session.env()).tell(
      occasion({ address, reason: "--icon=x <img src='file:///etc/passwd'> &amp; \\x41\\n\u001b[2J" }),
    );
    const { summary, body } = await shown();
    expect(summary).toBe(`Sign in again: ${address}`);
    expect(body.split("\n")[0]).toBe("--icon=x &lt;img src='file:///etc/passwd'&gt; &amp;amp; \\x41\\n [2J");
  });

  test("that nothing can be clicked on says what to type", async () => {
    start(session.env(), "linux", false).tell(occasion());
    expect(await shown()).toMatchObject({ actions: [], body: `the provider refuses\nmailkey login ${ADDRESS}` });
  });

  test("is taken away when the sign-in works again, and when the agent stops", async () => {
    start(session.env()).tell(occasion());
    const { id } = await waiting();
    notifications?.mended(ADDRESS);
    await until(() => service.closed.includes(id));
    notifications?.tell(occasion());
    const { id: next } = await waiting(1);
    notifications?.stop();
    await until(() => service.closed.includes(next));
  });

  test("about the same is replaced by the newer one", async () => {
    start(session.env()).tell(occasion({ kind: "sign-in-ends", reason: "in 14 days" }));
    const { id } = await waiting();
    notifications?.tell(occasion({ kind: "sign-in-ends", reason: "in 3 days" }));
    expect((await waiting(1)).body).toStartWith("in 3 days\n");
    await until(() => service.closed.includes(id));
    notifications?.mended(ADDRESS);
    await until(() => service.closed.includes(id + 1));
  });

  test("whose sign-in does not succeed is a line in the log", async () => {
    notifications = new Notifications({
      env: session.env(),
      platform: "linux",
      log: createLog(MESSAGES, world.clock, "debug", (line) => lines.push(line)),
      launch: async () => ["/bin/sh", "-c", "exit 77", "login", ADDRESS],
    });
    notifications.tell(occasion());
    service.click((await waiting()).id, "default");
    const line = await until(() => lines.find((each) => each.includes("did not succeed")));
    expect(line).toEndWith(`address=${ADDRESS} status=77`);
  });

  test("for the sixth account at once says that there are more, once", async () => {
    start(session.env());
    for (let count = 0; count < 20; count += 1) notifications?.tell(occasion({ address: `user${count}@test.example` }));
    await shown(5);
    const more = { summary: "More mail accounts need you", body: "To see which: mailkey status" };
    expect(service.shown.slice(before)).toContainEqual(expect.objectContaining(more));
    await until(() => lines.filter((line) => line.includes("notification shown")).length === 6);
    expect(service.shown.length - before).toBe(6);
  });

  test("by a notify-send without actions says what to type, and waits for nothing", async () => {
    const real = `exec /usr/bin/notify-send`;
    const folder = program("notify-send", `if [ "$1" = --help ]; then echo old; else ${real} "$@"; fi\n`);
    start({ ...session.env(), PATH: `${folder}:${process.env["PATH"] ?? ""}` }).tell(occasion());
    expect(await shown()).toMatchObject({ actions: [], body: `the provider refuses\nmailkey login ${ADDRESS}` });
  });
});

describe("where no notification can be shown", () => {
  const reason = async (env: Readonly<Record<string, string>>, platform?: NodeJS.Platform) => {
    start(env, platform).tell(occasion());
    return until(() => lines.find((line) => line.includes("notification not shown")));
  };
  const PATH = process.env["PATH"] ?? "";

  test("the log says why, and nothing else happens", async () => {
    expect(await reason({ PATH })).toContain("there is no session bus");
    expect(await reason({ PATH }, "win32")).toContain("no session bus"); // still the first one's line
    expect(lines.at(-1)).toContain("no notifications on this system");
    lines = [];
    expect(await reason({ PATH: world.home, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" })).toContain(
      "not installed",
    );
  });

  test("a bus without a notification service is a line in the log", async () => {
    const folder = program("notify-send", '[ "$1" = --help ] || exit 1\n');
    expect(await reason({ PATH: `${folder}:${PATH}`, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" })).toContain(
      "status 1",
    );
  });
});

test("on macOS the words are arguments of the script and no part of it", async () => {
  const folder = program(
    "osascript",
    `printf '%s\\0' "$@" > "${world.home}/args.part"; mv "${world.home}/args.part" "${world.home}/args"\n`,
  );
  start({ PATH: `${folder}:${process.env["PATH"] ?? ""}` }, "darwin").tell(
    occasion({ reason: 'words" & (do shell script "touch /tmp/x") & "' }),
  );
  await until(() => existsSync(join(world.home, "args")));
  const args = readFileSync(join(world.home, "args"), "utf8").split("\0").slice(0, -1);
  expect(args).toEqual([
    "-e",
    "on run argv",
    "-e",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "-e",
    "end run",
    `Sign in again: ${ADDRESS}`,
    `words" & (do shell script "touch /tmp/x") & "\nmailkey login ${ADDRESS}`,
  ]);
});

describe("a click", () => {
  const launch = (env: Readonly<Record<string, string>>, platform: NodeJS.Platform = "linux"): Promise<unknown> =>
    signInLaunch(ADDRESS, { paths: world.paths, env, platform, mailkey: "/opt/mail key/mailkey" });
  const login = ["/opt/mail key/mailkey", "login", ADDRESS] as const;
  const own = { provider: "google" as const, client: { id: "own.apps.googleusercontent.com" } };

  test("opens the browser by itself where the sign-in comes back to this machine", async () => {
    world.account(own);
    const PATH = program("xdg-open", "true\n");
    expect(await launch({ PATH, DISPLAY: ":0" })).toEqual([...login]);
  });

  test("opens a terminal where an address has to be pasted, or a passphrase typed", async () => {
    world.account(); // Thunderbird's client: https://localhost
    program("xdg-open", "true\n");
    const PATH = program("x-terminal-emulator", "true\n");
    const window = ["x-terminal-emulator", "-e", "/bin/sh", "-c", expect.stringContaining('"$@"'), "mailkey", ...login];
    expect(await launch({ PATH, DISPLAY: ":0" })).toEqual(window);
    world.account(own);
    writeFileSync(join(world.paths.config, "vault.toml"), 'active = "age"\n[age]\npassphrase = "prompt"\n', {
      mode: 0o600,
    });
    expect(await launch({ PATH, WAYLAND_DISPLAY: "wayland-0" })).toEqual(window);
  });

  test("opens nothing without a display or a terminal", async () => {
    world.account();
    expect(await launch({ PATH: program("x-terminal-emulator", "true\n") })).toBeUndefined();
    expect(await launch({ PATH: world.home, DISPLAY: ":0" })).toBeUndefined();
  });
});
