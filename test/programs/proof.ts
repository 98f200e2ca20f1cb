/** What the tests of real mail programs have shown, for the table in `docs/proven.md`. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Proof {
  /** The recipe's name. */
  readonly recipe: string;
  /** The program that ran, as people call it: `mu4e in Emacs`. */
  readonly program: string;
  /** Of that program. */
  readonly version: string;
  /** A message came from the server by it. */
  readonly fetches: boolean;
  /** A message was sent by it, and arrived. */
  readonly sends: boolean;
  /** By what: `IMAP, XOAUTH2`. Where neither works: why this version cannot, as the test has shown. */
  readonly how: string;
}

/** The folder in which a run collects its proofs; a run that wants none leaves this unset. */
const FOLDER = process.env["MAILKEY_PROOFS"];

/** To be called at the end of a test, when everything has been seen. */
export function proved(proof: Proof): void {
  if (FOLDER === undefined) return;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${proof.recipe}.json`), JSON.stringify(proof));
}

export function readProofs(folder: string): Proof[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Proof);
}
