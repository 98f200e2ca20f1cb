/** `packaging/npm/mailkey` in every layout that package managers make, with stand-ins for the executables. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../../packaging/npm/mailkey", import.meta.url));
/** What /bin/sh is, somewhere. */
const SHELLS = ["/bin/dash", "/bin/bash", "/bin/busybox"].filter((shell) => existsSync(shell));

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "mailkey-launcher-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A program that says which one it is, and its arguments. */
function program(path: string, says: string): void {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), `#!/bin/sh\nprintf '%s' '${says}'\nprintf ' <%s>' "$@"\n`);
  chmodSync(join(base, path), 0o755);
}

function launcherIn(modules: string): void {
  const bin = join(base, modules, "mailkey", "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(LAUNCHER, join(bin, "mailkey"));
  program(join(modules, "mailkey", "node", "mailkey"), "the bundle");
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  symlinkSync(target, join(base, path));
}

/** A `uname` and a `node` of our own come first on PATH. */
function start(
  launcher: string,
  args: readonly string[] = ["token", "a b"],
  machine = "Linux x86_64",
  path = "/usr/bin:/bin",
) {
  program("fake/uname", machine);
  writeFileSync(join(base, "fake/uname"), `#!/bin/sh\necho '${machine}'\n`);
  const env = { PATH: `${join(base, "fake")}:${path}` };
  const { status, stdout, stderr } = spawnSync(join(base, launcher), args, { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

const done = { status: 0, stderr: "" };

describe("the launcher becomes the executable that is", () => {
  test("inside the package, as npm installs it for everybody", () => {
    launcherIn("lib/node_modules");
    link("bin/mailkey", "../lib/node_modules/mailkey/bin/mailkey");
    program("lib/node_modules/mailkey/node_modules/@mailkey/linux-x64/mailkey", "inside");
    expect(start("bin/mailkey")).toEqual({ ...done, stdout: "inside <token> <a b>" });
  });

  test("beside the package, as npm installs it in a project", () => {
    launcherIn("node_modules");
    link("node_modules/.bin/mailkey", "../mailkey/bin/mailkey");
    program("node_modules/@mailkey/linux-x64/mailkey", "beside");
    expect(start("node_modules/.bin/mailkey")).toEqual({ ...done, stdout: "beside <token> <a b>" });
  });

  test("above the package, when that belongs to another one", () => {
    launcherIn("node_modules/other/node_modules");
    link("node_modules/other/node_modules/.bin/mailkey", "../mailkey/bin/mailkey");
    program("node_modules/@mailkey/linux-x64/mailkey", "above");
    expect(start("node_modules/other/node_modules/.bin/mailkey").stdout).toBe("above <token> <a b>");
  });

  test("beside the place that pnpm's link leads to", () => {
    const store = "node_modules/.pnpm/mailkey@0.1.0/node_modules";
    launcherIn(store);
    link("node_modules/mailkey", ".pnpm/mailkey@0.1.0/node_modules/mailkey");
    program("node_modules/.pnpm/@mailkey+linux-x64@0.1.0/node_modules/@mailkey/linux-x64/mailkey", "in the store");
    link(`${store}/@mailkey/linux-x64`, "../../../@mailkey+linux-x64@0.1.0/node_modules/@mailkey/linux-x64");
    expect(start("node_modules/mailkey/bin/mailkey").stdout).toBe("in the store <token> <a b>");
  });

  test("found through links of links, relative and absolute", () => {
    launcherIn("opt/node_modules");
    program("opt/node_modules/@mailkey/linux-x64/mailkey", "far");
    link("one", join(base, "two"));
    link("two", "opt/node_modules/mailkey/bin/mailkey");
    expect(start("one").stdout).toBe("far <token> <a b>");
  });

  test("not another mailkey that happens to lie where npm would have linked to", () => {
    launcherIn("opt/node_modules");
    program("opt/node_modules/@mailkey/linux-x64/mailkey", "the right one");
    launcherIn("lib/node_modules");
    program("lib/node_modules/@mailkey/linux-x64/mailkey", "the wrong one");
    link("bin/mailkey", "../opt/node_modules/mailkey/bin/mailkey");
    expect(start("bin/mailkey").stdout).toBe("the right one <token> <a b>");
  });

  test("this machine's, when there are several", () => {
    launcherIn("node_modules");
    for (const name of ["darwin-arm64", "linux-arm64", "linux-x64", "linux-x64-musl"])
      program(`node_modules/@mailkey/${name}/mailkey`, name);
    const on = (machine: string) => start("node_modules/mailkey/bin/mailkey", [], machine).stdout.split(" ")[0];
    expect(on("Darwin arm64")).toBe("darwin-arm64");
    expect(on("Linux aarch64")).toMatch(/^linux-arm64/);
    expect(on("Linux x86_64")).toMatch(/^linux-x64/);
  });

  test("started by the name of mutt_oauth2.py, its drop-in", () => {
    launcherIn("node_modules");
    program("node_modules/@mailkey/linux-x64/mailkey", "beside");
    link("mutt_oauth2.py", "node_modules/mailkey/bin/mailkey");
    expect(start("mutt_oauth2.py", ["file"]).stdout).toBe("beside <mutt-oauth2> <file>");
  });

  test.each(SHELLS)("under %p", (shell) => {
    launcherIn("lib/node_modules");
    link("bin/mailkey", "../lib/node_modules/mailkey/bin/mailkey");
    program("lib/node_modules/mailkey/node_modules/@mailkey/linux-x64/mailkey", "inside");
    const args = [...(shell.endsWith("busybox") ? ["sh"] : []), join(base, "bin/mailkey"), "token"];
    const { stdout, stderr } = spawnSync(shell, args, { env: { PATH: "/usr/bin:/bin" }, encoding: "utf8" });
    expect({ stdout, stderr }).toEqual({ stdout: "inside <token>", stderr: "" });
  });
});

describe("without an executable the launcher", () => {
  test("names the missing package and the command that gets it, and prints nothing else", () => {
    launcherIn("node_modules");
    const { status, stdout, stderr } = start("node_modules/mailkey/bin/mailkey", [], "Darwin x86_64");
    expect({ status, stdout }).toEqual({ status: 78, stdout: "" });
    expect(stderr).toBe(
      "mailkey: error: the package @mailkey/darwin-x64, which has the executable, is not installed\n" +
        "mailkey: hint: npm install --global --include=optional mailkey\n",
    );
  });

  test("says the same when only other platforms' are there", () => {
    launcherIn("node_modules");
    for (const name of ["darwin-arm64", "linux-arm64"]) program(`node_modules/@mailkey/${name}/mailkey`, name);
    expect(start("node_modules/mailkey/bin/mailkey").stderr).toContain("error: the package @mailkey/linux-x64");
  });

  test("becomes the bundle for Node.js on a platform that has none", () => {
    launcherIn("node_modules");
    mkdirSync(join(base, "fake"));
    writeFileSync(join(base, "fake/node"), '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o755 });
    const { status, stdout } = start("node_modules/mailkey/bin/mailkey", ["token"], "FreeBSD amd64");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "the bundle <token>" });
  });

  test("says so where there is neither", () => {
    launcherIn("node_modules");
    const { status, stdout, stderr } = start("node_modules/mailkey/bin/mailkey", ["token"], "FreeBSD amd64", "");
    expect({ status, stdout }).toEqual({ status: 78, stdout: "" });
    expect(stderr).toBe("mailkey: error: there is no executable for FreeBSD amd64, and no Node.js 22.13 or newer\n");
  });
});
