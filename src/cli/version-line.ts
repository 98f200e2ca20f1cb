/** The line of `mailkey --version`: what a bug report has to tell of a build. */
import { runtimeVersion } from "../platform/runtime.ts";
import { BUILD, VERSION, type Build } from "../version.ts";

/** `mailkey 0.1.0 (abc1234, bun 1.4.5 executable, linux x64 glibc)`. The version is the second word, always. */
export function versionLine(build: Build | undefined = BUILD): string {
  const from = build?.commit ?? "from source";
  const runtime = [runtimeVersion(), build?.artefact];
  const platform = [process.platform, process.arch, build?.libc];
  return `mailkey ${VERSION} (${[[from], runtime, platform].map(words).join(", ")})`;
}

function words(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(" ");
}
