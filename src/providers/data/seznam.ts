/** Seznam.cz Email. */
import { unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";

/** There is no scope for mail alone: the three are what Thunderbird asks for every protocol. */
const MAIL = ["identity", "calendar", "email"] as const;

export const seznam: OAuthProvider = {
  kind: "oauth2",
  id: "seznam",
  name: "Seznam.cz Email",
  remark: "Consent covers the calendar too: there is no scope for mail alone.",
  domains: ["seznam.cz", "email.cz", "post.cz", "spoluzaci.cz"],
  mxSuffixes: [".seznam.cz"],
  endpoints: {
    authorization: "https://login.seznam.cz/api/v1/oauth/auth",
    token: "https://login.seznam.cz/api/v1/oauth/token",
    userinfo: "https://login.szn.cz/api/v1/user",
    issuer: "https://login.seznam.cz",
  },
  resources: [{ name: "mail", scopes: { imap: MAIL, pop: MAIL, smtp: MAIL } }],
  signInScopes: [],
  refreshScopes: [],
  authorizationParameters: {},
  mechanisms: { imap: ["XOAUTH2"], pop: ["XOAUTH2"], smtp: ["XOAUTH2"] },
  issInResponse: true,
  servers: {
    imap: { host: "imap.seznam.cz", port: 993, security: "tls" },
    pop: { host: "pop3.seznam.cz", port: 995, security: "tls" },
    smtp: { host: "smtp.seznam.cz", port: 465, security: "tls" },
  },
  tokens: { rotation: "unknown" },
  clients: [
    {
      preset: "thunderbird",
      name: "Mozilla Thunderbird",
      id: "7c0b7108b69c671152f76796be1779fbb634cddfa7e0c187",
      secretRequired: false,
      redirectUris: ["http://127.0.0.1/seznam"],
      note: "Mozilla asks other programs to register their own.",
      sources: ["TBP"],
    },
  ],
  quirks: [
    {
      text: "The documentation separates scopes with commas, Thunderbird with spaces.",
      ...verified(["SEZNAM-DOC", "TBP"]),
    },
    {
      text: "The documentation names login.szn.cz with the same paths, a secret for web applications, and a revocation endpoint that was not looked up.",
      ...verified(["SEZNAM-DOC"]),
    },
    { text: "Redirects are changed to https, except on localhost.", ...verified(["SEZNAM-DOC"]) },
    { text: "Mozilla's database still lists passwords only.", ...verified(["ISPDB:seznam.cz.xml"]) },
  ],
  sources: {
    domains: verified(["ISPDB:seznam.cz.xml"]),
    mxSuffixes: unverified([], "inferred from the names mx1.seznam.cz and so on"),
    endpoints: verified(["TBP"]),
    "endpoints.userinfo": verified(["SEZNAM-DOC"]),
    "endpoints.revocation": unverified(["SEZNAM-DOC"], "there is one; its address was not read"),
    resources: verified(["TBP"]),
    signInScopes: verified(["TBP"]),
    refreshScopes: verified(["TBP"]),
    authorizationParameters: verified(["TBP"]),
    mechanisms: unverified(["TBP"]),
    issInResponse: verified(["TBP", "TBO"]),
    servers: verified(["ISPDB:seznam.cz.xml"]),
    "tokens.rotation": unverified([], "nothing was found"),
  },
};
