/** The proxy's units: what is written for which settings, and that the real systemd reads them. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROXY_PORTS } from "../../../src/accounts/proxy-config.ts";
import { resolvePaths } from "../../../src/platform/paths.ts";
import { run } from "../../../src/platform/process.ts";
import { planInstall, planUninstall, type Wanted } from "../../../src/proxy/install/plan.ts";
import { systemdUnits, USUAL_PLACES } from "../../../src/proxy/install/systemd.ts";
import type { InstallWorld, Step } from "../../../src/service/install/plan.ts";
import { withPrograms } from "../../e2e/programs.ts";

const UNITS = "/home/anna/.config/systemd/user";
const env = { HOME: "/home/anna", XDG_RUNTIME_DIR: "/run/user/1000" };
const usual: Wanted = { addresses: ["127.0.0.1", "::1"], ports: PROXY_PORTS, hasCertificate: false, hasIpv6: true };

function world(files: Readonly<Record<string, string>> = {}): InstallWorld {
  const read = (path: string) => files[path];
  const has = () => true;
  return { platform: "linux", user: 1000, executable: "/usr/bin/mailkey", read, has, env, paths: resolvePaths(env) };
}

function shown(steps: readonly Step[]): string[] {
  return steps.map((step) => (step.kind === "run" ? step.words.slice(2).join(" ") : `${step.kind} ${step.path}`));
}

function written(steps: readonly Step[]): Record<string, string> {
  return Object.fromEntries(steps.flatMap((step) => (step.kind === "write" ? [[step.path, step.content]] : [])));
}

const unit = (name: string) => `mailkey-proxy${name}`;
const path = (name: string) => `${UNITS}/${unit(name)}`;

describe("installing", () => {
  test("writes a socket unit for each service that can be served, and the second time nothing", () => {
    const { steps } = planInstall(world(), usual);
    const all = ["-imap.socket", "-pop.socket", "-smtp.socket", ".service"];
    const enable = `enable --now ${all.map(unit).join(" ")}`;
    expect(shown(steps)).toEqual([
      ...all.map((name) => `write ${path(name)}`),
      "daemon-reload",
      `try-restart ${unit(".service")}`,
      enable,
    ]);
    expect(shown(planInstall(world(written(steps)), usual).steps)).toEqual([enable]);
  });

  test("says what each socket is for, and where it is", () => {
    const files = written(planInstall(world(), { ...usual, ports: { imap: 143 } }).steps);
    expect(files[path("-imap.socket")]).toContain(
      "ListenStream=127.0.0.1:143\nListenStream=[::1]:143\nFileDescriptorName=imap\n",
    );
    expect(files[path("-imap.socket")]).toContain("\nBindIPv6Only=ipv6-only\n"); // or ::1 would take 127.0.0.1 as well
    expect(files[path(".service")]).toContain("\nWants=mailkey-agent.socket\n");
    expect(files[path(".service")]).toContain("\nKillMode=process\n");
    const alone = written(planInstall(world(), { ...usual, hasIpv6: false }).steps);
    expect(alone[path("-pop.socket")]).not.toContain("[::1]");
  });

  test("with a certificate serves TLS, too, and takes back what is not served any more", () => {
    const before = written(planInstall(world(), { ...usual, hasCertificate: true }).steps);
    expect(Object.keys(before)).toHaveLength(7);
    const { steps } = planInstall(world(before), usual);
    expect(shown(steps).slice(0, 4)).toEqual([
      `disable --now ${["-smtps", "-pops", "-imaps"].map((name) => unit(`${name}.socket`)).join(" ")}`,
      ...["-imaps", "-pops", "-smtps"].map((name) => `remove ${path(`${name}.socket`)}`),
    ]);
  });

  test("writes nothing where a package has brought the same, and something where the settings are others", () => {
    const packaged = Object.fromEntries(
      systemdUnits("/usr/bin/mailkey", USUAL_PLACES).map(({ name, text }) => [`/usr/lib/systemd/user/${name}`, text]),
    );
    expect(written(planInstall(world(packaged), usual).steps)).toEqual({});
    expect(Object.keys(written(planInstall(world(packaged), { ...usual, ports: { imap: 143 } }).steps))).toHaveLength(
      2,
    );
  });
});

test("uninstalling takes back all that was written, whatever is served today, and nothing else", () => {
  const files = written(planInstall(world(), { ...usual, hasCertificate: true }).steps);
  const steps = shown(planUninstall(world(files)).steps);
  expect(steps.filter((step) => step.startsWith("remove"))).toHaveLength(7);
  expect(steps.at(-1)).toBe("daemon-reload");
  expect(planUninstall(world()).steps).toEqual([]);
  expect(() => planUninstall(world({ [path(".service")]: "[Unit]\n" }))).toThrow("is not mailkey's own");
});

withPrograms(["systemd-analyze"])("systemd", () => {
  test("accepts the units without a word", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mailkey-units-"));
    try {
      const executable = join(folder, "mailkey");
      writeFileSync(executable, "#!/bin/sh\n");
      chmodSync(executable, 0o700);
      const units = systemdUnits(executable, { ...USUAL_PLACES, ports: PROXY_PORTS }, { MAILKEY_HOME: "/a b/%n" });
      for (const { name, text } of units) writeFileSync(join(folder, name), text);
      const paths = units.map(({ name }) => join(folder, name));
      const { status, stderr } = await run("systemd-analyze", ["verify", "--user", "--man=no", ...paths], {
        env: { ...process.env, XDG_RUNTIME_DIR: folder, HOME: folder },
      });
      expect(`${status} ${stderr}`).toBe("0 ");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
