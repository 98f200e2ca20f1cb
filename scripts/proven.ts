/**
 * The table of `docs/proven.md`: which mail programs were seen to fetch or send with the files that `mailkey setup` wrote.
 *
 *   npm run proven
 *
 * runs the tests of the mail programs and writes the table anew. `npm test` compares: a program or capability that is in the table and was
 * not proved, or the other way round, is a failure. Versions are not compared: they differ from system to system.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RECIPES } from "../src/clients/recipes.ts";
import { type Proof, readProofs } from "../test/programs/proof.ts";

export const PROVEN_PAGE = fileURLToPath(new URL("../docs/proven.md", import.meta.url));
const HEADER = ["`mailkey setup …`", "program", "version", "fetches", "sends", "how"];
const TABLE = /(?<=<!-- table -->\n\n)[^]*?(?=\n<!-- \/table -->)/;

/** What works comes first; the rest says why not. */
export function provenTable(proofs: readonly Proof[]): string {
  const rows = [...proofs]
    .toSorted((a, b) => Number(works(b)) - Number(works(a)) || a.recipe.localeCompare(b.recipe))
    .map((proof) => [
      proof.recipe,
      proof.program,
      proof.version,
      proof.fetches ? "yes" : "",
      proof.sends ? "yes" : "",
      works(proof) ? proof.how : `no: ${proof.how}`,
    ]);
  return [HEADER, HEADER.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function works({ fetches, sends }: Proof): boolean {
  return fetches || sends;
}

/** The page with this table in it, and the recipes that nothing was shown of. */
export function withTable(page: string, proofs: readonly Proof[]): string {
  const programs = Object.keys(RECIPES).filter((name) => name !== "generic");
  const rest = programs.filter((name) => !proofs.some(({ recipe }) => recipe === name));
  const untested = rest.length === 0 ? "" : `\nNo test has run: ${rest.join(", ")}.\n`;
  return page.replace(TABLE, () => provenTable(proofs) + untested);
}

/** What the page says and the run did not show, and the other way round; empty when they agree. */
export function disagreements(page: string, proofs: readonly Proof[]): string[] {
  const claimed = claims(TABLE.exec(page)?.[0] ?? "");
  const shown = claims(provenTable(proofs));
  return [
    ...claimed
      .filter((claim) => !shown.includes(claim))
      .map((claim) => `docs/proven.md says "${claim}", which was not shown`),
    ...shown
      .filter((claim) => !claimed.includes(claim))
      .map((claim) => `docs/proven.md does not say "${claim}", which was shown`),
  ];
}

/** `mbsync: mbsync (isync) fetches`, from the rows of a table. */
function claims(table: string): string[] {
  return table
    .split("\n")
    .slice(2)
    .flatMap((line) => {
      const [recipe = "", program = "", , fetches = "", sends = ""] = line
        .split("|")
        .slice(1)
        .map((cell) => cell.trim());
      if (recipe === "") return [];
      const does = [...(fetches === "yes" ? ["fetches"] : []), ...(sends === "yes" ? ["sends"] : [])];
      return (does.length === 0 ? ["cannot"] : does).map((what) => `${recipe}: ${program} ${what}`);
    });
}

function regenerate(): number {
  const folder = mkdtempSync(join(tmpdir(), "mailkey-proofs-"));
  try {
    const args = ["test", "--only-failures", "--parallel=2", "--timeout=180000", "./test/programs"];
    const env = { ...process.env, CI: "true", MAILKEY_PROOFS: folder };
    const { status } = spawnSync(process.execPath, args, { env, stdio: ["ignore", 1, 2] });
    if (status !== 0) {
      process.stderr.write("not every program was proved: the table stays as it is\n");
      return 1;
    }
    const proofs = readProofs(folder);
    writeFileSync(PROVEN_PAGE, withTable(readFileSync(PROVEN_PAGE, "utf8"), proofs));
    process.stdout.write(`docs/proven.md: ${proofs.length} programs\n`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = regenerate();
