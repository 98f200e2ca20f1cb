/** A configuration file that cannot be used, as a finding. */
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import type { Finding } from "./check.ts";
import { editorLine } from "./remedies.ts";

/** What `load` complains about. Owner and mode are left to their own checks. */
export function fileProblem(path: string, means: string, load: () => unknown): Finding[] {
  try {
    load();
    return [];
  } catch (error) {
    if (isMailkeyError(error)) return problemOf(error, path, means);
    throw error;
  }
}

/** The same for an error that is at hand. */
export function problemOf(error: MailkeyError, path: string, means: string): Finding[] {
  if (error.code === "ERR_UNTRUSTED_FILE") return [];
  const remedy = error.code === "ERR_STORAGE" ? shellLine(["ls", "-ld", path]) : editorLine(path, lineOf(error));
  return [{ severity: "error", seen: error.message, means, remedy: [remedy] }];
}

/** Where a parser gave up. */
function lineOf({ cause }: MailkeyError): number | undefined {
  return cause instanceof Error && "line" in cause && typeof cause.line === "number" ? cause.line : undefined;
}
