/** The proxy's parts, with the accounts, passwords, agent and mail servers of this user. */
import { systemClock } from "../platform/clock.ts";
import { AccountMailboxes } from "./accounts-mailboxes.ts";
import { AgentTokens } from "./agent-tokens.ts";
import { proxyCertificate } from "./certificate/certificate.ts";
import type { MakeParts } from "./parts.ts";
import { Verifier } from "./passwords/verifier.ts";
import { MailUpstream } from "./upstream/open.ts";

export const systemParts: MakeParts = ({ env, paths, config }) => ({
  passwords: new Verifier({ paths, clock: systemClock }),
  mailboxes: new AccountMailboxes(paths),
  upstream: new MailUpstream({ env, config, tokens: new AgentTokens(paths, env) }),
  certificate: ({ proxy }) => proxyCertificate(paths, proxy, systemClock),
  problems: () => Promise.resolve([]),
});
