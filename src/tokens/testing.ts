/** Sign-ins that a provider ends after some days because the client is not published yet. Its answers do not say so; dates tell. Pure. */
import type { ResolvedAccount } from "../accounts/resolve.ts";

const DAY_MS = 86_400_000;
/** Renewals come some time after the end: an hour for those who fetch mail all day, more over a weekend. */
const LATE_MS = 2 * DAY_MS;
const EARLY_MS = 0.1 * DAY_MS;

/** Days that the provider gives to clients in testing; undefined where there is no such rule, or others have published the client. */
export function testingDaysOf({ client, provider, grant }: ResolvedAccount): number | undefined {
  return client.preset === undefined && grant === "sign_in" ? provider.tokens.testingDays : undefined;
}

/** Whether a sign-in that ended after `livedMs` probably ended for that. */
export function endedByTesting(account: ResolvedAccount, livedMs: number): boolean {
  const days = testingDaysOf(account);
  return days !== undefined && livedMs > days * DAY_MS - EARLY_MS && livedMs < days * DAY_MS + LATE_MS;
}
