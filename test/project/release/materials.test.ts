/** What mailkey is made of, as its licences and its bill of materials say. */
import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import manifest from "../../../package.json" with { type: "json" };
import { bundledPackages } from "../../../scripts/release/bundled.ts";
import { thirdPartyLicences } from "../../../scripts/release/licences.ts";
import { billOfMaterials } from "../../../scripts/release/sbom.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const packages = bundledPackages(root);

test("the bundled packages are the dependencies and theirs, and nothing that only development needs", () => {
  const names = packages.filter(({ direct }) => direct).map(({ name }) => name);
  expect(names.toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  expect(packages.map(({ name }) => name)).toContain("@noble/hashes");
  for (const name of Object.keys(manifest.devDependencies))
    expect(packages.map((each) => each.name)).not.toContain(name);
});

test("the licences are there for each of them, in full, and for Bun", () => {
  const text = thirdPartyLicences(root);
  const parts = text.split(/\n={78}\n/);
  for (const { name, version, license } of packages) {
    const part = parts.find((each) => each.startsWith(`${name} ${version} (${license})\n`));
    expect(part?.length).toBeGreaterThan(500);
  }
  expect(text).toContain("JavaScriptCore");
  expect(text).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
});

describe("the bill of materials", () => {
  interface Bill {
    readonly components: readonly { readonly "bom-ref": string; readonly hashes?: readonly { content: string }[] }[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  }
  const text = billOfMaterials(root, { commit: "abc1234", epochSeconds: 1_700_000_000 });
  const { components, dependencies } = JSON.parse(text) as Bill;
  const references = new Set(components.map((component) => component["bom-ref"]));

  test("has every package once, with its checksum, and Bun", () => {
    expect(references.size).toBe(packages.length + 1);
    expect(references).toContain(`pkg:npm/bun@${manifest.devDependencies.bun}`);
    expect(references).toContain(
      "pkg:npm/%40clack/prompts@" + packages.find(({ name }) => name === "@clack/prompts")?.version,
    );
    for (const { hashes } of components)
      for (const { content } of hashes ?? []) expect(content).toMatch(/^[0-9a-f]{128}$/);
  });

  test("refers to nothing that is not in it", () => {
    const known = new Set([...references, `pkg:npm/mailkey@${manifest.version}`]);
    for (const { ref, dependsOn } of dependencies)
      for (const each of [ref, ...dependsOn]) expect(known).toContain(each);
    expect(dependencies.length).toBe(known.size);
  });

  test("says nothing of the machine that it was made on", () => {
    expect(text).not.toContain(root);
    expect(text).not.toMatch(/https?:/);
  });
});
