/** The proxy's parts, with the accounts, passwords, agent and mail servers of this user. */
import { isMailkeyError } from "../errors.ts";
import { systemClock } from "../platform/clock.ts";
import type { Paths } from "../platform/paths.ts";
import { AccountMailboxes } from "./accounts-mailboxes.ts";
import { AgentTokens } from "./agent-tokens.ts";
import { proxyCertificate } from "./certificate/certificate.ts";
import type { MakeParts } from "./parts.ts";
import { listPasswords } from "./passwords/store.ts";
import { Verifier } from "./passwords/verifier.ts";
import type { Problem } from "./status.ts";
import { MailUpstream } from "./upstream/open.ts";

export const systemParts: MakeParts = ({ env, paths, config }) => ({
  passwords: new Verifier({ paths, clock: systemClock }),
  mailboxes: new AccountMailboxes(paths),
  upstream: new MailUpstream({ env, config, tokens: new AgentTokens(paths, env) }),
  certificate: ({ proxy }) => proxyCertificate(paths, proxy, systemClock),
  problems: () => Promise.resolve(problemsOf(paths)),
});

function problemsOf(paths: Paths): Problem[] {
  try {
    if (listPasswords(paths).length > 0) return [];
    const hint = "mailkey proxy password add";
    return [{ text: "Nobody can log in: there is no password for programs yet.", hint }];
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    return [{ text: error.message, hint: error.hint }];
  }
}
