/** A copy of what a build reads, and of nothing else: no git, no development packages, another place. */
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundledPackages } from "../../../scripts/release/bundled.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const READ =
  "src scripts packaging docs package.json package-lock.json tsconfig.json LICENSE README.md CHANGELOG.md SECURITY.md".split(
    " ",
  );

export function copySource(folder: string): void {
  for (const path of [...READ, ...bundledPackages(root).map((each) => each.path)]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
}
