/** THIRD-PARTY-LICENSES: the terms of everything that is part of the executables and is not ours. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundledPackage, bundledPackages } from "./bundled.ts";

const RULE = `\n${"=".repeat(78)}\n`;

/** @throws Error when a package names terms but does not bring their text */
export function thirdPartyLicences(root: string): string {
  const packages = bundledPackages(root);
  return [
    "mailkey is published under the MIT licence. Built into it are:\n",
    ...packages.map(({ name, version, license }) => `  ${name} ${version} (${license})\n`),
    "  Bun, in the executables: at the end\n",
    ...packages.map((each) => RULE + heading(each) + termsOf(each, root)),
    `${RULE}Bun ${process.versions["bun"] ?? ""}\n\n${packaged(root, "bun.txt")}`,
    `${RULE}GNU Lesser General Public License 2.1\n\n${packaged(root, "LGPL-2.1.txt")}`,
  ].join("");
}

function heading({ name, version, license }: BundledPackage): string {
  return `${name} ${version} (${license})\n\n`;
}

function termsOf({ name, path, license }: BundledPackage, root: string): string {
  const folder = join(root, path);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice|copyrightnotice)\b/i.test(file));
  if (files.length > 0)
    return files
      .toSorted()
      .map((file) => tidy(readFileSync(join(folder, file), "utf8")))
      .join("\n");
  if (license !== "MIT") throw new Error(`${name} (${license}) does not bring the text of its licence`);
  const { author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { author?: string };
  const ours = readFileSync(join(root, "LICENSE"), "utf8"); // the MIT licence too
  return tidy(ours.replace(/^Copyright .*$/m, `Copyright (c) ${author ?? `the authors of ${name}`}`));
}

function packaged(root: string, file: string): string {
  return tidy(readFileSync(join(root, "packaging", "licences", file), "utf8"));
}

function tidy(text: string): string {
  return `${text.replaceAll("\r\n", "\n").trim()}\n`;
}
