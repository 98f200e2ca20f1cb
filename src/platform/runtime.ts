/** Which JavaScript runtime this is. The one place that asks. */

export const isBun: boolean = "bun" in process.versions;

/** For `--version` and bug reports: `bun 1.4.5` or `node 22.23.3`. */
export function runtimeVersion(): string {
  return isBun ? `bun ${process.versions["bun"] ?? "?"}` : `node ${process.versions.node}`;
}
