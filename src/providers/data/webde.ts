/** WEB.DE: no OAuth2 for mail programs. */
import { reported, unverified, verified } from "../certainty.ts";
import type { PasswordProvider } from "../provider.ts";

export const webde: PasswordProvider = {
  kind: "password",
  id: "webde",
  name: "WEB.DE",
  remark: "No OAuth2: password, or an app password with two-factor sign-in.",
  advice:
    "no OAuth2 here: use your WEB.DE password, or an app password if two-factor sign-in is on, and switch IMAP on in the settings on the web",
  domains: ["web.de"],
  mxSuffixes: ["mx-ha02.web.de", "mx-ha03.web.de"],
  servers: {
    imap: { host: "imap.web.de", port: 993, security: "tls" },
    pop: { host: "pop3.web.de", port: 995, security: "tls" },
    smtp: { host: "smtp.web.de", port: 465, security: "tls" },
  },
  quirks: [
    {
      text: "IMAP and POP have to be switched on; with two-factor sign-in, programs need a password of their own.",
      ...reported(["FE-FAQ"]),
    },
  ],
  sources: {
    domains: verified(["ISPDB:web.de.xml"]),
    mxSuffixes: unverified([], "WEB.DE's DNS help, which was not kept"),
    servers: verified(["ISPDB:web.de.xml"]),
    advice: reported(["FE-FAQ"]),
  },
};
