/** Applies what can be mended without a risk. */
import { isMailkeyError, systemErrorCode } from "../errors.ts";
import type { Fix } from "./check.ts";

export interface Mended {
  /** What was done, or tried. */
  readonly does: string;
  /** Why it could not be done. */
  readonly failure: string | undefined;
}

/** Each once, in this order; one that fails keeps none of the others back. */
export async function applyFixes(fixes: readonly Fix[]): Promise<Mended[]> {
  const unique = fixes.filter((fix, index) => fixes.findIndex(({ does }) => does === fix.does) === index);
  const mended: Mended[] = [];
  for (const fix of unique) {
    try {
      await fix.run();
      mended.push({ does: fix.does, failure: undefined });
    } catch (error) {
      mended.push({ does: fix.does, failure: reasonOf(error) });
    }
  }
  return mended;
}

function reasonOf(error: unknown): string {
  return isMailkeyError(error) ? error.message : (systemErrorCode(error) ?? "unexpected error");
}
