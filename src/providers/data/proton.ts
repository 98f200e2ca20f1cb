/** Proton Mail: no OAuth2, and mail programs reach it through Proton Mail Bridge on the same machine only. */
import { unverified } from "../certainty.ts";
import type { PasswordProvider } from "../provider.ts";

const HELP = "Proton's help, which was not kept";

export const proton: PasswordProvider = {
  kind: "password",
  id: "proton",
  name: "Proton Mail (via Proton Mail Bridge)",
  remark: "No OAuth2: Proton Mail Bridge and the password it shows.",
  advice: "no OAuth2 here: use Proton Mail Bridge on this machine and the password that Bridge shows for the account",
  domains: ["proton.me", "protonmail.com", "pm.me"],
  mxSuffixes: ["mail.protonmail.ch", "mailsec.protonmail.ch"],
  servers: {
    imap: { host: "127.0.0.1", port: 1143, security: "starttls" },
    smtp: { host: "127.0.0.1", port: 1025, security: "starttls" },
  },
  quirks: [
    {
      text: "Bridge has a password per account and a certificate of its own; ports and TLS can be changed in it.",
      ...unverified([], HELP),
    },
  ],
  sources: {
    domains: unverified([], "general knowledge"),
    mxSuffixes: unverified([], HELP),
    servers: unverified([], HELP),
    advice: unverified([], HELP),
  },
};
