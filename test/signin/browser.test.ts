import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBrowser, launchBrowser } from "../../src/signin/browser.ts";

const folder = mkdtempSync(join(tmpdir(), "mailkey-browser-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder with empty programs of these names. */
function pathWith(...programs: string[]): string {
  const path = mkdtempSync(join(folder, "bin-"));
  for (const program of programs) writeProgram(join(path, program), "");
  return path;
}

function writeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

function launched(env: Record<string, string>, platform: NodeJS.Platform = "linux"): readonly string[] | string {
  const finding = findBrowser({ env, platform });
  return finding.available ? finding.launch("https://a.example/?b=1&c=2") : finding.reason;
}

const PAGE = "https://a.example/?b=1&c=2";

describe("the browser", () => {
  const xdg = pathWith("xdg-open");
  test.each<[string, Record<string, string>, NodeJS.Platform, readonly string[] | RegExp]>([
    ["X11", { PATH: xdg, DISPLAY: ":0" }, "linux", ["xdg-open", PAGE]],
    ["Wayland", { PATH: xdg, WAYLAND_DISPLAY: "wayland-0" }, "linux", ["xdg-open", PAGE]],
    ["GNOME without xdg-utils", { PATH: pathWith("gio"), DISPLAY: ":0" }, "linux", ["gio", "open", PAGE]],
    ["no display", { PATH: xdg }, "linux", /no graphical session/],
    ["SSH", { PATH: xdg, SSH_CONNECTION: "1 2 3 4" }, "linux", /SSH/],
    [
      "SSH with X forwarding",
      { PATH: xdg, SSH_CONNECTION: "1 2 3 4", DISPLAY: "localhost:10.0" },
      "linux",
      ["xdg-open", PAGE],
    ],
    ["a display and nothing to open pages with", { PATH: pathWith(), DISPLAY: ":0" }, "linux", /not installed/],
    ["WSL", { PATH: pathWith("wslview"), WSL_DISTRO_NAME: "Debian" }, "linux", ["wslview", PAGE]],
    [
      "WSL without wslu",
      { PATH: pathWith("rundll32.exe"), WSL_DISTRO_NAME: "Debian" },
      "linux",
      ["rundll32.exe", "url.dll,FileProtocolHandler", PAGE],
    ],
    ["macOS", { PATH: pathWith("open") }, "darwin", ["open", PAGE]],
    ["macOS over SSH", { PATH: pathWith("open"), SSH_CONNECTION: "1 2 3 4" }, "darwin", /SSH/],
    ["Windows", { PATH: "" }, "win32", ["rundll32", "url.dll,FileProtocolHandler", PAGE]],
  ])("is found, or not, with %s", (_title, env, platform, expected) => {
    const found = launched(env, platform);
    if (expected instanceof RegExp) expect(String(found)).toMatch(expected);
    else expect(found).toEqual(expected);
  });

  test.each([
    ["firefox", ["firefox", PAGE]],
    ["firefox --new-tab %s", ["firefox", "--new-tab", PAGE]],
    ["missing:firefox -P mail", ["firefox", "-P", "mail", PAGE]],
    ["missing", ["xdg-open", PAGE]],
  ])("named by BROWSER as %s is started so", (variable, expected) => {
    expect(launched({ PATH: pathWith("firefox", "xdg-open"), DISPLAY: ":0", BROWSER: variable })).toEqual(expected);
  });

  test("gets the address as one argument that no shell reads, and cannot write on the terminal", async () => {
    const path = join(folder, "shows");
    mkdirSync(path);
    const out = join(path, "argument");
    writeProgram(
      join(path, "browser"),
      `echo noise; echo noise >&2; printf %s "$1" > ${out}.new && mv ${out}.new ${out}`,
    );
    const env = { PATH: `${path}:${process.env["PATH"]}`, BROWSER: join(path, "browser") };
    const finding = findBrowser({ env, platform: "linux" });
    if (!finding.available) throw new Error(finding.reason);
    const url = "https://a.example/?a=$(touch%20x)&b='\"`;|";
    expect(await launchBrowser(finding.launch(url), env)).toBe(true);
    while (!existsSync(out)) await Bun.sleep(5);
    expect(readFileSync(out, "utf8")).toBe(url);
  });

  test("that cannot be started says so", async () => {
    expect(await launchBrowser([join(folder, "missing"), PAGE], {})).toBe(false);
  });
});
