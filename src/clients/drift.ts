/** Whether what setup has written is still what it would write now. */
import { findParts, planSetup, type Subject } from "./plan.ts";

/** All empty when nothing has drifted. */
export interface Drift {
  /** Files in which somebody changed mailkey's part by hand. */
  readonly edited: readonly string[];
  /** Addresses that are no accounts any more. */
  readonly dropped: readonly string[];
  /** Files that setup would write otherwise now: a server, mailkey's path or mailkey has changed. */
  readonly stale: readonly string[];
}

/**
 * @returns undefined when the program is not set up
 * @throws what `planSetup` throws
 */
export async function findDrift(subject: Subject): Promise<Drift | undefined> {
  if ((await findParts(subject)).length === 0) return undefined;
  const { edited, dropped } = await planSetup(subject, "none");
  const changed = subject.draft.changes.map(({ path }) => path).filter((path) => !edited.includes(path));
  return { edited, dropped, stale: dropped.length > 0 ? [] : changed };
}
