/** What there is to read beside the program: its messages name pages of `docs/`, and README.md links to all of them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Entries } from "./staging.ts";

/** @param root the checkout */
export function handbook(root: string): Entries {
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const paths = ["README.md", "CHANGELOG.md", "SECURITY.md", ...pages.map((name) => `docs/${name}`)];
  return Object.fromEntries(paths.map((path) => [path, { content: { copyOf: join(root, path) } }]));
}
