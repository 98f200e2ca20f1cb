/** Comcast, Xfinity. */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";

const MAIL = ["https://email.comcast.net/"] as const;

export const comcast: OAuthProvider = {
  kind: "oauth2",
  id: "comcast",
  name: "Comcast / Xfinity",
  remark: "Mailboxes are moving to Yahoo: if signing in fails, try the provider yahoo. Needs a client with its secret.",
  domains: ["comcast.net"],
  mxSuffixes: [".comcast.net"],
  endpoints: {
    authorization: "https://oauth.xfinity.com/oauth/authorize",
    token: "https://oauth.xfinity.com/oauth/token",
  },
  resources: [{ name: "mail", scopes: { imap: MAIL, pop: MAIL, smtp: MAIL } }],
  signInScopes: ["profile", "openid"],
  refreshScopes: [],
  authorizationParameters: {},
  mechanisms: { imap: ["XOAUTH2"], pop: ["XOAUTH2"], smtp: ["XOAUTH2"] },
  issInResponse: false,
  servers: {
    imap: { host: "imap.comcast.net", port: 993, security: "tls" },
    pop: { host: "mail.comcast.net", port: 995, security: "tls" },
    smtp: { host: "smtp.comcast.net", port: 465, security: "tls" },
  },
  tokens: { rotation: "unknown" },
  clients: [
    {
      preset: "thunderbird",
      name: "Mozilla Thunderbird",
      id: "thunderbird-oauth",
      secretRequired: true,
      redirectUris: ["http://localhost"],
      note: "Mozilla asks other programs to register their own. The secret stands in Thunderbird's source, not here. Whether a port is accepted is not known.",
      sources: ["TBP"],
    },
  ],
  quirks: [
    {
      text: "Mailboxes are moved to Yahoo Mail in phases and keep their addresses: the same domain may be on either.",
      ...reported(["https://tecknexus.com/comcast-moves-xfinity-email-to-yahoo-mail/"]),
    },
    { text: "Thunderbird names the POP host pop.comcast.net.", ...verified(["TBP"]) },
    { text: "STARTTLS is offered too: 143, 110 and 587.", ...verified(["ISPDB:comcast.net.xml"]) },
    { text: "Whether a client can do without a secret is not known.", ...unverified(["TBP"]) },
  ],
  sources: {
    domains: verified(["ISPDB:comcast.net.xml"], "the press mentions xfinity.com as well"),
    mxSuffixes: unverified([], "inferred from the domain"),
    endpoints: verified(["TBP", "ISPDB:comcast.net.xml"]),
    resources: verified(["TBP"]),
    signInScopes: verified(["TBP"]),
    refreshScopes: unverified(["TBP"]),
    authorizationParameters: verified(["TBP"]),
    mechanisms: unverified(["TBP"]),
    issInResponse: unverified([], "no issuer was found"),
    servers: verified(["ISPDB:comcast.net.xml"]),
    "tokens.rotation": unverified([], "nothing was found"),
  },
};
