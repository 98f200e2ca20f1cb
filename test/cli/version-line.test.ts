import { expect, test } from "bun:test";
import { versionLine } from "../../src/cli/version-line.ts";

const runtime = `bun ${process.versions["bun"]}`;
const platform = `${process.platform} ${process.arch}`;

test("an executable tells version, commit, runtime, platform and C library", () => {
  expect(versionLine({ commit: "abc1234", artefact: "executable", libc: "musl" })).toMatch(
    new RegExp(`^mailkey [\\d.]+ \\(abc1234, ${runtime} executable, ${platform} musl\\)$`),
  );
});

test("a bundle has no C library of its own", () => {
  expect(versionLine({ commit: "abc1234-modified", artefact: "bundle" })).toMatch(
    new RegExp(`^mailkey [\\d.]+ \\(abc1234-modified, ${runtime} bundle, ${platform}\\)$`),
  );
});

test("what runs from its sources says so", () => {
  expect(versionLine(undefined)).toContain(`(from source, ${runtime}, ${platform})`);
});
