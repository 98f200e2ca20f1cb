/** Tests that need real programs: skipped where those are missing, but with CI=true their absence is a failure. */
import { describe, expect, test } from "bun:test";
import { missingPackages } from "../../scripts/requirements.ts";

/** `describe` for tests that need `programs`, by the names of `scripts/requirements.ts`. */
export function withPrograms(programs: readonly string[]): (name: string, body: () => void) => void {
  const missing = missingPackages()
    .map(({ program }) => program)
    .filter((program) => programs.some((wanted) => program.startsWith(wanted)));
  if (missing.length === 0) return describe;
  return (name, body) => {
    if (process.env["CI"] === "true") test(`${name}: the programs are there`, () => expect(missing).toEqual([]));
    else describe.skip(`${name} (missing: ${missing.join(", ")})`, body);
  };
}
