/** Comparing programs' versions. */

/** Whether `version` is `wanted` or newer. Unknown counts as new: what is not installed yet will be. */
export function isAtLeast(version: string | undefined, wanted: string): boolean {
  if (version === undefined) return true;
  const [have, want] = [version, wanted].map((each) => each.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (const [index, number] of (want ?? []).entries()) {
    const difference = (have?.[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
