import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { CHECK_GROUPS, CHECKS } from "../../src/doctor/checks.ts";

const page = readFileSync(new URL("../../docs/doctor.md", import.meta.url), "utf8");

const table = CHECK_GROUPS.map(({ title, checks }) => {
  const rows = checks.map(({ id, title: what, of, worst }) => `| \`${id}\` | ${what} | ${of} | ${worst} |\n`);
  return `### ${title}\n\n| check | looks at | once for each | at worst |\n|---|---|---|---|\n${rows.join("")}`;
}).join("\n");

test("docs/doctor.md lists every check: when this fails, put the expected text there", () => {
  expect(/<!-- checks -->\n\n([^]*?)\n<!-- \/checks -->/.exec(page)?.[1]).toBe(table);
});

test("docs/doctor.md says how many checks there are", () => {
  expect(page).toContain(`${CHECKS.length} checks`);
});

test("a check is called as its file is, and no two alike", () => {
  for (const { id } of CHECKS) {
    expect([id, existsSync(new URL(`../../src/doctor/checks/${id}.ts`, import.meta.url))]).toEqual([id, true]);
  }
  expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
});

test("the list of checks fits 80 columns", () => {
  const widest = Math.max(...CHECKS.map(({ id }) => id.length));
  for (const { title } of CHECKS) expect(title.length).toBeLessThanOrEqual(80 - widest - 2);
});
