import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { CATALOGUE } from "../../src/explain/catalogue.ts";
import { errorsPage } from "../../src/explain/page.ts";

test("docs/errors.md is what the catalogue says: when this fails, run bun scripts/docs.ts", () => {
  expect(readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8")).toBe(errorsPage());
});

test("the page has every code, text, command and source", () => {
  const page = errorsPage();
  for (const { codes = [], texts = [], steps, sources } of CATALOGUE) {
    const commands = steps.flatMap(({ type = "" }) => type.split("\n"));
    for (const text of [...codes, ...texts, ...commands, ...sources]) expect(page).toContain(text);
  }
});
