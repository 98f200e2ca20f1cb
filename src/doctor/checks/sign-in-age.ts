/** A sign-in that dies of disuse soon, and cannot be used now. One that can has been renewed by this very examination. */
import { isMailkeyError } from "../../errors.ts";
import { signInEndsInSeconds } from "../../tokens/health.ts";
import { recordOf } from "../../tokens/record.ts";
import type { AccountCheck } from "../check.ts";
import { mailkeyLine } from "../remedies.ts";

const WARN_BEFORE_SECONDS = 14 * 86_400;

export const signInAge: AccountCheck = {
  of: "credential",
  id: "sign-in-age",
  title: "how long the sign-in lasts without use",
  worst: "warning",
  async examine(subject) {
    const { account, machine } = subject;
    const [stored, answer] = await Promise.all([subject.credential(), subject.renewal()]);
    if (stored === undefined || !isMailkeyError(answer, "ERR_PROVIDER_UNAVAILABLE")) return [];
    const endsIn = signInEndsInSeconds(recordOf(stored), account.provider, machine.clock.now());
    if (endsIn === undefined || endsIn > WARN_BEFORE_SECONDS) return [];
    const days = Math.max(0, Math.floor(endsIn / 86_400));
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
