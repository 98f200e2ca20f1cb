import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { CATALOGUE, entryOf } from "../../src/explain/catalogue.ts";
import { explain, explainCode } from "../../src/explain/match.ts";

const sentences = CATALOGUE.flatMap(({ id, title, why, steps }) => [
  [id, title],
  [id, why],
  ...steps.map(({ say }) => [id, say]),
]);

describe("the catalogue", () => {
  test("has every file of its folder in it", async () => {
    for (const file of readdirSync(new URL("../../src/explain/catalogue/", import.meta.url))) {
      const lists = Object.values((await import(`../../src/explain/catalogue/${file}`)) as Record<string, unknown>);
      for (const entries of lists.filter((value) => Array.isArray(value))) {
        expect(entries.length).toBeGreaterThan(0);
        for (const entry of entries) expect(CATALOGUE).toContain(entry as never);
      }
    }
  });

  test("has each id and each code once", () => {
    for (const list of [CATALOGUE.map(({ id }) => id), CATALOGUE.flatMap(({ codes = [] }) => codes)])
      expect(list.filter((item, index) => list.indexOf(item) !== index)).toEqual([]);
  });

  test("calls an entry by the first of its codes, or by a name", () => {
    for (const { id, codes = [id] } of CATALOGUE) expect(codes[0]).toBe(id);
  });

  test("finds each entry first by each of its own texts and codes", () => {
    for (const entry of CATALOGUE) {
      for (const text of entry.texts ?? []) expect([text, explain(text)[0]?.id]).toEqual([text, entry.id]);
      for (const code of entry.codes ?? []) expect(explainCode(code)?.id).toBe(entry.id);
    }
  });

  test.each(sentences)("%s: %p is lower case, without a full stop", (_id, sentence) => {
    expect(sentence).not.toMatch(/\.$|^\s|\s$/);
    expect(sentence).toMatch(
      /^(?:[^A-Z]|[A-Z][A-Z0-9]|Google|Microsoft|Exchange|Gmail|Outlook|Ubuntu|Debian|Arch|Conditional|AppArmor|TLS|AuthMechs|Emacs|SMTP)/,
    );
  });

  test("says why in a line that fits a log, and the title in one of --list", () => {
    const width = Math.max(...CATALOGUE.map(({ id }) => id.length));
    for (const { why, title } of CATALOGUE) {
      expect(why.length).toBeLessThanOrEqual(170);
      expect(title.length + width + 4).toBeLessThanOrEqual(80);
    }
  });

  test("names where each fact is from", () => {
    for (const { sources } of CATALOGUE) for (const source of sources) expect(new URL(source).protocol).toBe("https:");
  });

  test("knows no entry of another name", () => {
    expect(() => entryOf("nonsense")).toThrow("no explanation nonsense");
  });
});
