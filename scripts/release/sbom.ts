/**
 * What mailkey is made of, as CycloneDX: for those who have to know whether a weakness of some package is theirs.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
import type { Stamp } from "../build/stamp.ts";
import { VERSION } from "../../src/version.ts";
import { type BundledPackage, bundledPackages } from "./bundled.ts";

/** Says nothing of where and by whom it was made, nor when it was run: the same commit gives the same text. */
export function billOfMaterials(root: string, { commit, epochSeconds }: Stamp): string {
  const packages = bundledPackages(root);
  const references = new Map(packages.map((each) => [each.path, reference(each)]));
  const direct = packages.filter((each) => each.direct);
  const own = `pkg:npm/mailkey@${VERSION}`;
  const bun = `pkg:npm/bun@${process.versions["bun"] ?? ""}`;
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(epochSeconds * 1000).toISOString(),
      component: {
        type: "application",
        "bom-ref": own,
        name: "mailkey",
        version: VERSION,
        licenses: [{ license: { id: "MIT" } }],
        purl: own,
        properties: [{ name: "commit", value: commit }],
      },
    },
    components: [...packages.map(component), runtime(bun)],
    dependencies: [
      { ref: own, dependsOn: [...direct.map(reference), bun] },
      ...packages.map((each) => ({
        ref: reference(each),
        dependsOn: each.dependencies.flatMap((path) => references.get(path) ?? []),
      })),
      { ref: bun, dependsOn: [] },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function component(bundled: BundledPackage) {
  const { name, version, license, integrity } = bundled;
  const [algorithm, digest = ""] = integrity.split("-");
  if (algorithm !== "sha512") throw new Error(`the checksum of ${name} is no SHA-512`);
  return {
    type: "library",
    "bom-ref": reference(bundled),
    name,
    version,
    scope: "required",
    hashes: [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }],
    licenses: [{ license: { id: license } }],
    purl: reference(bundled),
  };
}

/** Of the executables; the bundle for Node.js does without. */
function runtime(purl: string) {
  return {
    type: "framework",
    "bom-ref": purl,
    name: "bun",
    version: process.versions["bun"],
    scope: "required",
    licenses: [{ license: { id: "MIT" } }, { license: { id: "LGPL-2.1-or-later" } }],
    purl,
  };
}

/** The package URL, in which the @ of a scope is written %40. */
function reference({ name, version }: BundledPackage): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}
