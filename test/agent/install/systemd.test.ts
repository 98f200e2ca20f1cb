/** The units, read by the real systemd. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemdUnits } from "../../../src/agent/install/systemd.ts";
import { run } from "../../../src/platform/process.ts";
import { withPrograms } from "../../e2e/programs.ts";

withPrograms(["systemd-analyze"])("systemd", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mailkey-units-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function verify(executable: string): Promise<string> {
    mkdirSync(dirname(executable), { recursive: true });
    writeFileSync(executable, "#!/bin/sh\n");
    chmodSync(executable, 0o700);
    const units = systemdUnits(executable, { environment: { MAILKEY_HOME: '/home/"a b"/$HOME/100%n\\' } });
    const paths = units.map(({ name }) => join(folder, name));
    for (const { name, text } of units) writeFileSync(join(folder, name), text);
    const env = { ...process.env, XDG_RUNTIME_DIR: folder, HOME: folder };
    const { status, stderr } = await run("systemd-analyze", ["verify", "--user", "--man=no", ...paths], { env });
    return `${status} ${stderr}`;
  }

  test("accepts the units without a word", async () => {
    expect(await verify(join(folder, "bin/mailkey"))).toBe("0 ");
  });

  test("accepts them with a path that has something of everything in it", async () => {
    expect(await verify(join(folder, `o d%n/$HOME/q"u'o\\te/; %h/mail key`))).toBe("0 ");
  });

  test("finds nothing that it does not know, when it is there to be found", async () => {
    const path = join(folder, "wrong.service");
    writeFileSync(path, "[Service]\nExecStart=/bin/true\nNoSuchSetting=yes\n");
    const { stderr } = await run("systemd-analyze", ["verify", "--user", "--man=no", path], {
      env: { ...process.env, XDG_RUNTIME_DIR: folder, HOME: folder },
    });
    expect(stderr).toContain("NoSuchSetting");
  });
});
