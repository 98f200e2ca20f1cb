import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { disagreements, PROVEN_PAGE, provenTable, withTable } from "../../scripts/proven.ts";
import { RECIPES } from "../../src/clients/recipes.ts";
import type { Proof } from "../programs/proof.ts";

const PAGE = "# Title\n\n<!-- table -->\n\nold\n<!-- /table -->\n\nend\n";
const proof = (recipe: string, rest: Partial<Proof> = {}): Proof => ({
  recipe,
  program: `the ${recipe}`,
  version: "1.0",
  fetches: true,
  sends: false,
  how: "IMAP",
  ...rest,
});

describe("the table of proven programs", () => {
  test("has what works first, and says of the rest why not", () => {
    const table = provenTable([
      proof("alpine", { fetches: false, how: "takes no token" }),
      proof("mutt", { sends: true }),
    ]);
    expect(table.split("\n").slice(2)).toEqual([
      "| mutt | the mutt | 1.0 | yes | yes | IMAP |",
      "| alpine | the alpine | 1.0 |  |  | no: takes no token |",
      "",
    ]);
  });

  test("takes the old one's place, and nothing else's", () => {
    const page = withTable(PAGE, [proof("mutt")]);
    expect(page.split(provenTable([proof("mutt")]))).toEqual([
      "# Title\n\n<!-- table -->\n\n",
      expect.stringMatching(/^\nNo test has run: mbsync, .*\.\n\n<!-- \/table -->\n\nend\n$/),
    ]);
    expect(disagreements(page, [proof("mutt")])).toEqual([]);
  });

  test("agrees with a run by other versions", () => {
    expect(disagreements(withTable(PAGE, [proof("mutt")]), [proof("mutt", { version: "9.9" })])).toEqual([]);
  });

  test.each([
    ["a program that was not proved", [proof("mutt"), proof("aerc")], [proof("mutt")]],
    ["a capability that was not proved", [proof("mutt", { sends: true })], [proof("mutt")]],
    ["not a program that was proved", [proof("mutt")], [proof("mutt"), proof("aerc")]],
    ["not a capability that was proved", [proof("mutt")], [proof("mutt", { sends: true })]],
    ["that a program works which was shown not to", [proof("mutt")], [proof("mutt", { fetches: false })]],
  ])("is found out when it names %s", (_, inTable, shown) => {
    expect(disagreements(withTable(PAGE, inTable), shown)).not.toEqual([]);
  });
});

test("docs/proven.md names at least 14 programs that fetch or send, each with a recipe", () => {
  const rows = [...readFileSync(PROVEN_PAGE, "utf8").matchAll(/^\| ([a-z0-9-]+) \|(.*)$/gm)].filter(
    ([, name]) => name !== "---",
  );
  expect(rows.filter(([, name = ""]) => !Object.hasOwn(RECIPES, name))).toEqual([]);
  expect(rows.filter(([, , cells = ""]) => cells.includes("| yes |")).length).toBeGreaterThanOrEqual(14);
});
