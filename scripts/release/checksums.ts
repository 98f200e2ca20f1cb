/** SHA256SUMS, as `sha256sum --check` reads it. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

export const CHECKSUMS = "SHA256SUMS";

/** Of every file below the folder. */
export async function writeChecksums(folder: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== CHECKSUMS)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
  const lines = await Promise.all(files.map(async (file) => `${await sha256(join(folder, file))}  ${file}\n`));
  writeFileSync(join(folder, CHECKSUMS), lines.join(""));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
