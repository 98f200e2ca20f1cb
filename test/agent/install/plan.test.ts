/** What would be written and run, for systems that need not be there. */
import { describe, expect, test } from "bun:test";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { MARK, planInstall, planUninstall } from "../../../src/agent/install/plan.ts";
import { systemdUnits } from "../../../src/agent/install/systemd.ts";
import { MailkeyError } from "../../../src/errors.ts";
import { resolvePaths, type Environment } from "../../../src/platform/paths.ts";
import { launchAgentPlist } from "../../../src/service/install/launchd.ts";
import type { InstallWorld, Step } from "../../../src/service/install/plan.ts";

const UNITS = "/home/anna/.config/systemd/user";
const SYSTEMCTL = "run systemctl --user";
const SERVICE = "mailkey-agent.service";
const SOCKET = "mailkey-agent.socket";
const ENABLE = `${SYSTEMCTL} enable --now ${SOCKET} ${SERVICE}`;

function world(files: Record<string, string> = {}, overrides: Partial<InstallWorld> = {}): InstallWorld {
  const env: Environment = { HOME: "/home/anna", XDG_RUNTIME_DIR: "/run/user/1000", ...overrides.env };
  return {
    platform: "linux",
    user: 1000,
    executable: "/usr/bin/mailkey",
    read: (path) => files[path],
    has: () => true,
    ...overrides,
    env,
    paths: resolvePaths(env),
  };
}

function shown(steps: readonly Step[]): string[] {
  return steps.map((step) => (step.kind === "run" ? `run ${step.words.join(" ")}` : `${step.kind} ${step.path}`));
}

function written(steps: readonly Step[]): Record<string, string> {
  return Object.fromEntries(steps.flatMap((step) => (step.kind === "write" ? [[step.path, step.content]] : [])));
}

function packaged(executable = "/usr/bin/mailkey"): Record<string, string> {
  return Object.fromEntries(systemdUnits(executable).map(({ name, text }) => [`/usr/lib/systemd/user/${name}`, text]));
}

describe("with systemd", () => {
  test("two units are written, read and enabled; the second time there is only that to see to", () => {
    const first = planInstall(world()).steps;
    expect(shown(first)).toEqual([
      `write ${UNITS}/${SOCKET}`,
      `write ${UNITS}/${SERVICE}`,
      `${SYSTEMCTL} daemon-reload`,
      `${SYSTEMCTL} try-restart ${SERVICE}`,
      ENABLE,
    ]);
    expect(shown(planInstall(world(written(first))).steps)).toEqual([ENABLE]);
  });

  test("what was written is taken back, and nothing else", () => {
    const files = written(planInstall(world()).steps);
    expect(shown(planUninstall(world(files)).steps)).toEqual([
      `${SYSTEMCTL} disable --now ${SERVICE} ${SOCKET}`,
      `remove ${UNITS}/${SOCKET}`,
      `remove ${UNITS}/${SERVICE}`,
      `${SYSTEMCTL} daemon-reload`,
    ]);
    expect(planUninstall(world()).steps).toEqual([]);
  });

  test("the package's units are enabled and disabled, and never written", () => {
    expect(shown(planInstall(world(packaged())).steps)).toEqual([ENABLE]);
    expect(shown(planUninstall(world(packaged())).steps)).toEqual([`${SYSTEMCTL} disable --now ${SERVICE} ${SOCKET}`]);
  });

  test("the package's units do not do for another program, nor for folders that they do not know", () => {
    const other = planInstall(world(packaged(), { executable: "/home/anna/.local/bin/mailkey" })).steps;
    expect(Object.keys(written(other))).toEqual([`${UNITS}/${SOCKET}`, `${UNITS}/${SERVICE}`]);
    const elsewhere = planInstall(world(packaged(), { env: { HOME: "/home/anna", XDG_CONFIG_HOME: "/srv/c" } })).steps;
    expect(written(elsewhere)[`${UNITS}/${SERVICE}`]).toContain("\nEnvironment=XDG_CONFIG_HOME=/srv/c\n");
  });

  test("what goes without saying is not said", () => {
    const env = {
      HOME: "/home/anna",
      XDG_CONFIG_HOME: "/home/anna/.config",
      GNUPGHOME: "",
      XDG_STATE_HOME: "relative",
    };
    const unit = written(planInstall(world({}, { env })).steps)[`${UNITS}/${SERVICE}`];
    expect(unit?.match(/^Environment=.*$/gm)).toEqual([
      "Environment=BUN_GC_TIMER_DISABLE=1",
      "Environment=MIMALLOC_PURGE_DELAY=0",
    ]);
  });

  test("the socket is where MAILKEY_HOME says", () => {
    const files = written(
      planInstall(world({}, { env: { HOME: "/home/anna", MAILKEY_HOME: "/srv/100% mine" } })).steps,
    );
    expect(files[`${UNITS}/${SOCKET}`]).toContain("\nListenStream=/srv/100%% mine/run/agent.sock\n");
    expect(files[`${UNITS}/${SERVICE}`]).toContain('\nEnvironment="MAILKEY_HOME=/srv/100%% mine"\n');
  });

  test("a folder whose name would add lines to a unit is refused", () => {
    for (const plan of [planInstall, planUninstall])
      expect(() =>
        plan(world({}, { env: { HOME: "/home/anna", MAILKEY_HOME: "/srv/x\nExecStartPre=/bin/evil" } })),
      ).toThrow("has a line break");
  });

  test("a unit that somebody else wrote is neither replaced nor removed", () => {
    const files = { [`${UNITS}/${SERVICE}`]: "[Service]\nExecStart=/bin/true\n" };
    for (const plan of [planInstall, planUninstall])
      expect(() => plan(world(files))).toThrow(`${UNITS}/${SERVICE} is not mailkey's own`);
  });
});

describe("with launchd", () => {
  const PLIST = "/home/anna/Library/LaunchAgents/mailkey.agent.plist";
  const mac = (files = {}) => world(files, { platform: "darwin", has: () => false });

  test("a launch agent is written and started; again, only started; and taken back", () => {
    const { steps } = planInstall(mac());
    const start = ["run launchctl bootout gui/1000/mailkey.agent", `run launchctl bootstrap gui/1000 ${PLIST}`];
    expect(shown(steps)).toEqual([`write ${PLIST}`, ...start]);
    expect(shown(planInstall(mac(written(steps))).steps)).toEqual(start);
    expect(shown(planUninstall(mac(written(steps))).steps)).toEqual([
      "run launchctl bootout gui/1000/mailkey.agent",
      `remove ${PLIST}`,
    ]);
    expect(planUninstall(mac()).steps).toEqual([]);
  });

  test("its file is valid XML, whatever the path and the variables are", () => {
    const odd = `/Users/a & b/<x>"'/mailkey`;
    const plist = launchAgentPlist({
      label: "mailkey.agent",
      words: [odd, "agent", "run"],
      environment: { MAILKEY_HOME: "/1 < 2 && 3" },
      comment: MARK,
    });
    expect(XMLValidator.validate(plist)).toBe(true);
    const { dict } = new XMLParser({ preserveOrder: false }).parse(plist).plist;
    expect(dict.array.string).toEqual([odd, "agent", "run"]);
    expect(dict.key).toEqual([
      "Label",
      "ProgramArguments",
      "EnvironmentVariables",
      "RunAtLoad",
      "KeepAlive",
      "ProcessType",
      "HardResourceLimits",
      "Umask",
    ]);
    expect(dict.dict[0]).toEqual({
      key: ["BUN_GC_TIMER_DISABLE", "MIMALLOC_PURGE_DELAY", "MAILKEY_HOME"],
      string: [1, 0, "/1 < 2 && 3"],
    });
  });
});

test("where nobody starts services for users, the ways that are left are named", () => {
  for (const platform of ["linux", "win32", "freebsd"] as const) {
    const attempt = () => planInstall(world({}, { platform, has: () => false }));
    expect(attempt).toThrow(MailkeyError);
    try {
      attempt();
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_UNSUPPORTED", hint: expect.stringContaining("autostart") as string });
    }
  }
});
