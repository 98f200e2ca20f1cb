/** A registry for npm on loopback, with archives that lie in files. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Registry {
  readonly url: string;
  /** What was downloaded: names of packages. */
  readonly downloads: readonly string[];
  stop(): void;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

export async function startRegistry(archives: readonly string[]): Promise<Registry> {
  const downloads: string[] = [];
  const known = new Map(archives.map((archive) => [manifestIn(archive).name, archive]));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    const name = path.replace(/\.tgz$/, "");
    const archive = known.get(name);
    if (archive === undefined) {
      response.writeHead(404).end("{}");
    } else if (path === name) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(packument(archive, `${url}${name}.tgz`)));
    } else {
      downloads.push(name);
      response.end(readFileSync(archive));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, downloads, stop: () => server.close() };
}

function packument(archive: string, tarball: string) {
  const manifest = manifestIn(archive);
  const { name, version } = manifest;
  const dist = { tarball, integrity: sha512(archive) };
  return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } };
}

function manifestIn(archive: string): Manifest {
  const { stdout } = spawnSync("tar", ["-xzOf", archive, "package/package.json"], { encoding: "utf8" });
  return JSON.parse(stdout) as Manifest;
}

function sha512(path: string): string {
  return `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
}
