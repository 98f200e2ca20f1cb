/** Fastmail. */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";

const UNNAMED = "two public source files whose names were not kept";

export const fastmail: OAuthProvider = {
  kind: "oauth2",
  id: "fastmail",
  name: "Fastmail",
  remark: "The Basic plan has no IMAP for other programs.",
  domains: ["fastmail.com", "fastmail.fm"],
  mxSuffixes: [".messagingengine.com"],
  endpoints: {
    authorization: "https://api.fastmail.com/oauth/authorize",
    token: "https://api.fastmail.com/oauth/refresh",
    revocation: "https://api.fastmail.com/oauth/revoke",
    issuer: "https://api.fastmail.com",
  },
  resources: [
    {
      name: "mail",
      scopes: {
        imap: ["https://www.fastmail.com/dev/protocol-imap"],
        pop: ["https://www.fastmail.com/dev/protocol-pop"],
        smtp: ["https://www.fastmail.com/dev/protocol-smtp"],
      },
    },
  ],
  signInScopes: [],
  refreshScopes: [],
  authorizationParameters: {},
  mechanisms: { imap: ["XOAUTH2", "OAUTHBEARER"], pop: ["XOAUTH2"], smtp: ["XOAUTH2"] },
  issInResponse: true,
  servers: {
    imap: { host: "imap.fastmail.com", port: 993, security: "tls" },
    pop: { host: "pop.fastmail.com", port: 995, security: "tls" },
    smtp: { host: "smtp.fastmail.com", port: 465, security: "tls" },
  },
  tokens: { accessSeconds: 3600, rotation: "every-use", reuseDetection: true },
  clients: [
    {
      preset: "thunderbird",
      name: "Mozilla Thunderbird",
      id: "35f141ae",
      secretRequired: false,
      redirectUris: ["http://127.0.0.1"],
      deviceFlow: false,
      note: "Mozilla asks other programs to register their own.",
      sources: ["TBP", "TBO"],
    },
    {
      preset: "thunderbird-android",
      name: "Thunderbird for Android",
      id: "353e41ae",
      secretRequired: false,
      redirectUris: ["net.thunderbird.android://oauth2redirect"],
      disabled: "its redirect opens an Android application, which mailkey cannot stand in for",
      sources: ["TBA"],
    },
    {
      preset: "k9mail",
      name: "K-9 Mail",
      id: "353641ae",
      secretRequired: false,
      redirectUris: ["com.fsck.k9://oauth2redirect"],
      disabled: "its redirect opens an Android application, which mailkey cannot stand in for",
      sources: ["K9"],
    },
    {
      preset: "fairemail",
      name: "FairEmail",
      id: "353941ae",
      secretRequired: false,
      redirectUris: ["https://oauth.faircode.eu/"],
      disabled: "its redirect is a site of its makers, which would be shown the code",
      sources: ["FE"],
    },
    {
      preset: "mustang",
      name: "Mustang",
      id: "352641ae",
      secretRequired: false,
      redirectUris: [],
      disabled: "its redirect is not known",
      sources: ["MUS"],
    },
  ],
  quirks: [
    { text: "The same endpoint, /oauth/refresh, exchanges codes and refreshes.", ...verified(["TBP", "FM-DEV"]) },
    { text: "The authorization response names the issuer (RFC 9207): https://api.fastmail.com.", ...verified(["TBP"]) },
    { text: "PKCE is required; clients have no secrets.", ...verified(["FM-DEV", "TBP"]) },
    {
      text: "Each refresh replaces the refresh token, and using an old one again revokes the whole grant: one refresh at a time, stored before it is used.",
      ...reported([], UNNAMED),
    },
    {
      text: "A client may register itself (RFC 7591, https://api.fastmail.com/oauth/register); it then asks for urn:ietf:params:oauth:scope:mail and offline_access with resource=https://api.fastmail.com/jmap/session.",
      ...reported(["ORTIE", "haileyok/victrola#55"]),
    },
    {
      text: "Whether such a registration may use loopback was answered differently in July and September 2026.",
      ...unverified(["ORTIE", "steipete/mcporter#354"]),
    },
    {
      text: "The scopes of such a registration are fixed, and each sign-in leaves one more grant to revoke.",
      ...reported(["imbue-ai/latchkey#129", "imbue-ai/latchkey#149"]),
    },
    { text: "The Basic plan has no IMAP for other programs.", ...verified(["FE"]) },
    {
      text: "A draft of the IETF, with an author from Fastmail, describes open public clients for mail in just this way.",
      ...verified(["https://datatracker.ietf.org/doc/draft-ietf-mailmaint-oauth-public/"]),
    },
  ],
  sources: {
    domains: verified(["MUS"], "over a hundred more, and customers' own: their MX tells"),
    mxSuffixes: verified(["ISPDB:messagingengine.com.xml"]),
    endpoints: verified(["TBP", "FM-DEV"]),
    "endpoints.revocation": reported(["FM-DEV", "ORTIE"]),
    "endpoints.device": unverified(["FM-DEV"], "none is documented"),
    "endpoints.userinfo": unverified([], "none was found; the JMAP session names the user"),
    "endpoints.issuer": verified(["TBP"]),
    resources: verified(["TBP", "FM-DEV"]),
    signInScopes: verified(["TBP", "ORTIE"], "offline_access is for clients that registered themselves"),
    refreshScopes: verified(["TBP", "ORTIE"]),
    authorizationParameters: verified(["TBP"]),
    mechanisms: unverified(
      ["ISPDB:messagingengine.com.xml", "TBP"],
      "XOAUTH2 works for Thunderbird; the list was not seen",
    ),
    issInResponse: verified(["TBP"]),
    servers: verified(["ISPDB:messagingengine.com.xml"]),
    "tokens.accessSeconds": reported(["FM-DEV"]),
    "tokens.rotation": reported([], UNNAMED),
    "tokens.reuseDetection": reported([], UNNAMED),
  },
};
