/** The platforms that executables are made for, as data. */

export interface Target {
  /** `PLATFORM-ARCHITECTURE[-musl]` in Node's words: in names of files and of npm's platform packages. */
  readonly name: string;
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  readonly libc?: "glibc" | "musl";
  /** What Bun calls it, in `--target` and in the names of its packages. */
  readonly bun: string;
  /** What Debian calls it, where there is a package for Debian. */
  readonly debian?: "amd64" | "arm64";
}

export const TARGETS: readonly Target[] = [
  { name: "linux-x64", os: "linux", cpu: "x64", libc: "glibc", bun: "bun-linux-x64", debian: "amd64" },
  { name: "linux-arm64", os: "linux", cpu: "arm64", libc: "glibc", bun: "bun-linux-aarch64", debian: "arm64" },
  { name: "linux-x64-musl", os: "linux", cpu: "x64", libc: "musl", bun: "bun-linux-x64-musl" },
  { name: "linux-arm64-musl", os: "linux", cpu: "arm64", libc: "musl", bun: "bun-linux-aarch64-musl" },
  { name: "darwin-x64", os: "darwin", cpu: "x64", bun: "bun-darwin-x64" },
  { name: "darwin-arm64", os: "darwin", cpu: "arm64", bun: "bun-darwin-aarch64" },
  { name: "win32-x64", os: "win32", cpu: "x64", bun: "bun-windows-x64" },
  { name: "win32-arm64", os: "win32", cpu: "arm64", bun: "bun-windows-aarch64" },
];

/** The program's file name there. */
export function executableName({ os }: Target): string {
  return os === "win32" ? "mailkey.exe" : "mailkey";
}

/** The platform of the Bun that runs this. @throws Error when mailkey has no executable for it */
export function hostTarget(): Target {
  const libc = process.platform === "linux" ? hostLibc() : undefined;
  const found = TARGETS.find(
    (target) => target.os === process.platform && target.cpu === process.arch && target.libc === libc,
  );
  if (found === undefined) throw new Error(`there is no executable for ${process.platform} ${process.arch}`);
  return found;
}

function hostLibc(): "glibc" | "musl" {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}
