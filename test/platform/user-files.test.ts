import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolders, readUserFile, removeEmptyFolder, replaceUserFile } from "../../src/platform/user-files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailkey-user-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (...parts: string[]) => join(folder, ...parts);
const bytes = (text: string) => new TextEncoder().encode(text);

describe("replacing another program's file", () => {
  test.each([0o600, 0o640, 0o755])("keeps mode %o and the owner, and leaves nothing beside it", (mode) => {
    const owner = process.getuid?.() === 0 ? 12_345 : (process.getuid?.() ?? 0); // only root can give files away
    writeFileSync(path("rc"), "old");
    chownSync(path("rc"), owner, statSync(path("rc")).gid);
    chmodSync(path("rc"), mode);
    replaceUserFile(path("rc"), bytes("new"), 0o600);
    expect(statSync(path("rc"))).toMatchObject({ uid: owner });
    expect(readUserFile(path("rc"))).toEqual({ content: Buffer.from("new"), mode });
    expect(readdirSync(folder)).toEqual(["rc"]);
  });

  test("goes through a link, which stays one", () => {
    writeFileSync(path("target"), "old");
    symlinkSync("target", path("rc"));
    replaceUserFile(path("rc"), bytes("new"), 0o600);
    expect(lstatSync(path("rc")).isSymbolicLink()).toBe(true);
    expect(readFileSync(path("target"), "utf8")).toBe("new");
  });

  test("gives a new file the mode that was asked for, whatever the umask", () => {
    replaceUserFile(path("script"), bytes("x"), 0o755);
    expect(statSync(path("script")).mode & 0o777).toBe(0o755);
  });
});

describe("reading another program's file", () => {
  test("tells nothing of a missing one, and refuses folders and links that lead nowhere", () => {
    symlinkSync("gone", path("link"));
    expect(readUserFile(path("missing"))).toBeUndefined();
    expect(readUserFile(path("missing", "file"))).toBeUndefined();
    expect(() => readUserFile(folder)).toThrow("is not a regular file");
    expect(() => readUserFile(path("link"))).toThrow("is a link that leads nowhere");
  });

  test("refuses one that would only fill the memory", () => {
    writeFileSync(path("rc"), "");
    truncateSync(path("rc"), 3 * 1024 ** 3);
    expect(() => readUserFile(path("rc"))).toThrow("is too large for a configuration (3221225472 bytes)");
  });
});

describe("folders", () => {
  test("are made private with their parents, and those that were missing are named", () => {
    expect(makeFolders(path("a", "b"))).toEqual([path("a"), path("a", "b")]);
    expect(makeFolders(path("a", "b", "c"))).toEqual([path("a", "b", "c")]);
    expect(statSync(path("a")).mode & 0o777).toBe(0o700);
  });

  test("are removed only when nothing is in them", () => {
    makeFolders(path("a", "b"));
    expect([removeEmptyFolder(path("a")), removeEmptyFolder(path("a", "b")), removeEmptyFolder(path("a"))]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
