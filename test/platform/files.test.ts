import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ensurePrivateFolder,
  fileStamp,
  listFolder,
  readPrivateText,
  removeFile,
  replaceFile,
} from "../../src/platform/files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailkey-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("replacing a file", () => {
  test("makes it, and its folder, for the owner only, whatever the umask", () => {
    const before = process.umask(0);
    replaceFile(join(folder, "new", "file"), "content");
    process.umask(before);
    expect([mode(join(folder, "new")), mode(join(folder, "new", "file"))]).toEqual(["700", "600"]);
  });

  test("leaves no temporary file behind", () => {
    replaceFile(join(folder, "file"), "one");
    replaceFile(join(folder, "file"), "two");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("sweeps up what killed writers left long ago, and nothing else", () => {
    const names = [".file.1.aa.tmp", ".file.2.bb.tmp", ".other.3.cc.tmp"];
    for (const name of names) writeFileSync(join(folder, name), "");
    for (const name of [names[0], names[2]]) utimesSync(join(folder, name ?? ""), 1, 1);
    replaceFile(join(folder, "file"), "one");
    expect(readdirSync(folder).toSorted()).toEqual([".file.2.bb.tmp", ".other.3.cc.tmp", "file"]);
  });

  test("changes its stamp, even for content of the same length", () => {
    replaceFile(join(folder, "file"), "one");
    const stamp = fileStamp(join(folder, "file"));
    replaceFile(join(folder, "file"), "two");
    expect(fileStamp(join(folder, "file"))).not.toBe(stamp);
    expect(fileStamp(join(folder, "missing"))).toBeUndefined();
  });

  test("writes through a symbolic link and leaves it a link", () => {
    mkdirSync(join(folder, "dotfiles"));
    writeFileSync(join(folder, "dotfiles", "real"), "old");
    symlinkSync(join("dotfiles", "real"), join(folder, "link"));
    replaceFile(join(folder, "link"), "new");
    expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, "dotfiles", "real"), "utf8")).toBe("new");
  });

  test("keeps the old content when a folder stands in the way of the new", () => {
    mkdirSync(join(folder, "file"));
    expect(() => replaceFile(join(folder, "file"), "x")).toThrow(expect.objectContaining({ code: "ERR_STORAGE" }));
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});

describe("reading a private file", () => {
  test("gives undefined when there is none", () => {
    expect(readPrivateText(join(folder, "file"), "secret")).toBeUndefined();
  });

  test.each([
    ["secret", 0o640, false],
    ["secret", 0o604, false],
    ["secret", 0o600, true],
    ["trusted", 0o644, true],
    ["trusted", 0o664, false],
    ["trusted", 0o646, false],
  ] as const)("that is %s with mode %o: allowed is %p", (privacy, bits, allowed) => {
    writeFileSync(join(folder, "file"), "text");
    chmodSync(join(folder, "file"), bits);
    const read = () => readPrivateText(join(folder, "file"), privacy);
    if (allowed) expect(read()).toBe("text");
    else
      expect(read).toThrow(
        expect.objectContaining({ code: "ERR_UNTRUSTED_FILE", hint: expect.stringContaining("chmod") as string }),
      );
  });

  test("refuses what is no regular file", () => {
    mkdirSync(join(folder, "file"));
    expect(() => readPrivateText(join(folder, "file"), "trusted")).toThrow(
      expect.objectContaining({ code: "ERR_UNTRUSTED_FILE" }),
    );
  });

  test.if(process.getuid?.() === 0)("refuses a file of another user", () => {
    writeFileSync(join(folder, "file"), "text", { mode: 0o600 });
    chownSync(join(folder, "file"), 12345, 12345);
    expect(() => readPrivateText(join(folder, "file"), "trusted")).toThrow(
      expect.objectContaining({ code: "ERR_UNTRUSTED_FILE" }),
    );
  });
});

test("a folder that others may write to is not trusted", () => {
  chmodSync(folder, 0o777);
  expect(() => ensurePrivateFolder(folder)).toThrow(expect.objectContaining({ code: "ERR_UNTRUSTED_FILE" }));
});

test("listing leaves hidden files out and takes a missing folder for an empty one", () => {
  writeFileSync(join(folder, "b"), "");
  writeFileSync(join(folder, "a"), "");
  writeFileSync(join(folder, ".a.123.tmp"), "");
  expect(listFolder(folder)).toEqual(["a", "b"]);
  expect(listFolder(join(folder, "missing"))).toEqual([]);
});

test("removing twice is no error", () => {
  writeFileSync(join(folder, "a"), "");
  removeFile(join(folder, "a"));
  removeFile(join(folder, "a"));
  expect(existsSync(join(folder, "a"))).toBe(false);
});
