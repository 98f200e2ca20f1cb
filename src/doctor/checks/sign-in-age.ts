/**
 * A sign-in that ends soon: because the provider has said when, or of disuse while it cannot be used now. One that can be used has
 * been by this very examination.
 */
import { isMailkeyError } from "../../errors.ts";
import { signInEnding, warnBeforeSeconds } from "../../tokens/health.ts";
import { readRecord, recordOf, recordPath } from "../../tokens/record.ts";
import { testingDaysOf } from "../../tokens/testing.ts";
import type { AccountCheck, AccountSubject, Finding } from "../check.ts";
import { mailkeyLine } from "../remedies.ts";
import { TESTING } from "../suspicion.ts";

export const signInAge: AccountCheck = {
  of: "credential",
  id: "sign-in-age",
  title: "how long the sign-in still lasts",
  worst: "warning",
  async examine(subject) {
    const { account, machine } = subject;
    const [stored, answer] = await Promise.all([subject.credential(), subject.renewal()]);
    if (stored === undefined) return [];
    // The record is of after the renewal, which may have moved the end.
    const record = readRecord(recordPath(machine.paths, account.credential)) ?? recordOf(stored);
    const ending = signInEnding(record, account.provider, machine.clock.now());
    if (record.needsSignIn || ending === undefined || ending.inSeconds > warnBeforeSeconds(ending)) return [];
    const days = Math.max(0, Math.floor(ending.inSeconds / 86_400));
    if (ending.cause === "fixed") return [fixed(subject, days)];
    if (!isMailkeyError(answer, "ERR_PROVIDER_UNAVAILABLE")) return [];
    return [
      {
        severity: "warning",
        seen: `the sign-in of ${account.address} ends in ${days} days unless it is used, and the provider cannot be asked now`,
        means: `${account.provider.name} ends sign-ins that nobody uses for ${account.provider.tokens.refreshIdleDays} days.`,
        remedy: [mailkeyLine("test", account.address, "--force")],
        advice: "Do it as soon as the network is up again.",
      },
    ];
  },
};

function fixed({ account }: AccountSubject, days: number): Finding {
  const isTesting = testingDaysOf(account) !== undefined;
  return {
    severity: "warning",
    seen: `the sign-in of ${account.credential} ends in ${days} ${days === 1 ? "day" : "days"}`,
    means: `${account.provider.name} has said so: after that mail programs get no token.${isTesting ? ` ${TESTING.means}` : ""}`,
    remedy: [mailkeyLine("login", account.credential)],
    ...(isTesting ? { advice: TESTING.advice, sources: TESTING.sources } : {}),
  };
}
