/**
 * The two registrations that a token file can name. Endpoints and scopes come from the provider registry; mechanism and servers are
 * the script's, because they end up in the SASL formats and whoever switches has to get the same strings.
 */
import { MailkeyError } from "../errors.ts";
import type { MailServer, Mechanism, OAuthProvider, Protocol } from "../providers/provider.ts";
import { loadProvider } from "../providers/registry.ts";

export interface Registration {
  readonly provider: OAuthProvider;
  readonly mechanism: Mechanism;
  readonly servers: { readonly [P in Protocol]: MailServer };
}

interface ScriptRegistration {
  readonly mechanism: Mechanism;
  readonly hosts: { readonly [P in Protocol]: string };
}

/** @see https://github.com/neomutt/neomutt/blob/main/contrib/oauth2/mutt_oauth2.py */
const REGISTRATIONS: Readonly<Record<string, ScriptRegistration>> = {
  google: {
    mechanism: "OAUTHBEARER",
    hosts: { imap: "imap.gmail.com", pop: "pop.gmail.com", smtp: "smtp.gmail.com" },
  },
  microsoft: {
    mechanism: "XOAUTH2",
    hosts: { imap: "outlook.office365.com", pop: "outlook.office365.com", smtp: "smtp.office365.com" },
  },
};

export const REGISTRATION_NAMES: readonly string[] = Object.keys(REGISTRATIONS);

/** @throws ERR_CONFIG for a name that the script would not know either */
export async function loadRegistration(name: string): Promise<Registration> {
  const found = Object.hasOwn(REGISTRATIONS, name) ? REGISTRATIONS[name] : undefined;
  if (found === undefined) {
    throw new MailkeyError(
      "ERR_CONFIG",
      `the token file names the registration ${JSON.stringify(name).slice(0, 60)}, which is neither of ${REGISTRATION_NAMES.join(" and ")}`,
      { hint: "move the token file away and run again with --authorize" },
    );
  }
  const provider = await loadProvider(name);
  if (provider.kind !== "oauth2") throw new MailkeyError("ERR_UNSUPPORTED", provider.advice);
  const { imap, pop, smtp } = found.hosts;
  return {
    provider,
    mechanism: found.mechanism,
    servers: {
      imap: { host: imap, port: 993, security: "tls" },
      pop: { host: pop, port: 995, security: "tls" },
      smtp: { host: smtp, port: 587, security: "starttls" },
    },
  };
}
