/** What others could have `--fix` do, who can write in one of mailkey's folders. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileModes } from "../../src/doctor/checks/file-modes.ts";
import { applyFixes } from "../../src/doctor/fix.ts";
import { ADDRESS, DoctorHome } from "./home.ts";

let home: DoctorHome;
let victim: string;
beforeEach(async () => {
  home = await DoctorHome.healthy();
  victim = join(home.folder, "victim");
  writeFileSync(victim, "");
  chmodSync(victim, 0o666);
});
afterEach(() => home.dispose());

const credential = () => home.path("state", "vault", `${ADDRESS}.age`);
const modeOf = (path: string) => statSync(path).mode & 0o777;

async function fix() {
  const findings = await home.examine(fileModes);
  return applyFixes(findings.flatMap((finding) => finding.fix ?? []));
}

test("a link among the credentials is shown, and what it leads to left alone", async () => {
  symlinkSync(victim, home.path("state", "vault", "planted.age"));
  expect((await home.examine(fileModes)).map(({ remedy }) => remedy)).toEqual([
    [`chmod go= ${home.path("state", "vault", "planted.age")}`],
  ]);
  expect(await fix()).toEqual([]);
  expect(modeOf(victim)).toBe(0o666);
});

test("a link of the user's own to a file of theirs is followed", async () => {
  symlinkSync(victim, home.path("config", "config.toml"));
  expect(await fix()).toMatchObject([{ failure: undefined }]);
  expect(modeOf(victim)).toBe(0o644);
});

test.each(["config.toml", "accounts/pipe"])("nothing is done to what is no file: %s", async (name) => {
  const pipe = join(home.folder, "pipe");
  expect(spawnSync("mkfifo", ["-m", "666", pipe]).status).toBe(0);
  symlinkSync(pipe, home.path("config", name));
  const findings = await home.examine(fileModes);
  expect(findings.map(({ remedy }) => remedy)).toEqual([[`ls -lL ${home.path("config", name)}`]]);
  expect(await fix()).toEqual([]);
  expect(modeOf(pipe)).toBe(0o666);
});

test("what has come into a file's place since it was examined is left alone", async () => {
  chmodSync(credential(), 0o644);
  const [finding] = await home.examine(fileModes);
  renameSync(credential(), `${credential()}.away`);
  symlinkSync(victim, credential());
  const [mended] = await applyFixes(finding?.fix === undefined ? [] : [finding.fix]);
  expect(mended?.failure).toBe(`${credential()} is another file than a moment ago`);
  expect(modeOf(victim)).toBe(0o666);
});

test.skipIf(process.getuid?.() !== 0)("root gives nobody else's file other rights", async () => {
  chownSync(victim, 1234, 1234);
  symlinkSync(victim, home.path("config", "config.toml"));
  expect(await fix()).toEqual([]);
  expect(modeOf(victim)).toBe(0o666);
});
