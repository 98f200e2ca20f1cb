/** Why a sign-in may have ended, as far as dates and the provider's habits tell. A guess, and worded as one. */
import { elapsedMs } from "../platform/clock.ts";
import type { Credential } from "../tokens/credential.ts";
import { endedByTesting } from "../tokens/testing.ts";
import type { AccountSubject } from "./check.ts";

export interface Suspicion {
  readonly means: string;
  readonly advice: string;
  readonly sources: readonly string[];
}

/** Of a client of the user's own at Google. */
export const TESTING: Suspicion = {
  means: "Google gives seven days to applications whose consent screen is “Testing”: it will happen every week.",
  advice:
    "At console.cloud.google.com, under Google Auth Platform → Audience, choose “Publish app”; then sign in again.",
  sources: ["https://developers.google.com/identity/protocols/oauth2#expiration"],
};

const DAY_MS = 86_400_000;
/** A grant that worked a short while ago and is gone did not die of age. */
const RECENT_MS = 2 * DAY_MS;

export function suspicionOf({ machine, account }: AccountSubject, credential: Credential): Suspicion | undefined {
  const { provider } = account;
  const end = credential.refused?.at ?? machine.clock.now();
  const livedMs = elapsedMs(credential.signedInAt, end);
  if (endedByTesting(account, livedMs)) return { ...TESTING, means: `It lasted seven days. ${TESTING.means}` };
  const idleMs = elapsedMs(credential.refreshedAt ?? credential.signedInAt, end);
  const idleDays = provider.tokens.refreshIdleDays;
  if (idleDays !== undefined && idleMs > idleDays * DAY_MS)
    return {
      means: `It was not used for ${Math.floor(idleMs / DAY_MS)} days, and ends after ${idleDays} without use.`,
      advice: "Let something fetch mail now and then.",
      sources: [],
    };
  const rotates = provider.tokens.rotation === "every-use" || provider.tokens.rotation === "unknown";
  if (rotates && provider.tokens.reuseDetection !== false && credential.refreshedAt !== undefined && idleMs < RECENT_MS)
    return {
      means:
        "It worked a short while ago. If no password was changed, another program may have used the same sign-in: many " +
        "providers then end it for both.",
      advice: "Let each program sign in for itself: remove the account from the other one after an import.",
      sources: ["https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2"],
    };
  return undefined;
}
