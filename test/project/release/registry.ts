/** A registry for npm on loopback, with archives that lie in files. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { spawnSync } from "node:child_process";

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

/** @param archives of packages that can be had. @param manifests of packages that are only known of */
export async function startRegistry(archives: readonly string[], manifests: readonly Manifest[]): Promise<Registry> {
  const downloads: string[] = [];
  const available = new Map(archives.map((archive) => [manifestIn(archive).name, archive]));
  const known = new Map(
    [...manifests, ...archives.map(manifestIn)].map((manifest) => [manifest.name, manifest] as const),
  );
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    const archive = path.endsWith(".tgz") ? available.get(path.slice(0, -".tgz".length)) : undefined;
    const manifest = known.get(path);
    if (archive !== undefined) {
      downloads.push(path.slice(0, -".tgz".length));
      response.end(readFileSync(archive));
    } else if (manifest === undefined) {
      response.writeHead(404).end("{}");
    } else {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(packument(manifest, `${url}${manifest.name}.tgz`, available.get(manifest.name))));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, downloads, stop: () => server.close() };
}

function packument(manifest: Manifest, tarball: string, archive: string | undefined) {
  const integrity = archive === undefined ? {} : { integrity: sha512(archive) };
  const { name, version } = manifest;
  return {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist: { tarball, ...integrity } } },
  };
}

function manifestIn(archive: string): Manifest {
  const { stdout } = spawnSync("tar", ["-xzOf", archive, "package/package.json"], { encoding: "utf8" });
  return JSON.parse(stdout) as Manifest;
}

function sha512(path: string): string {
  return `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
}
