/** Thundermail, the mail service of the makers of Thunderbird. */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";

/** There is no scope for mail: who may sign in may read. */
const MAIL = ["openid", "profile", "email"] as const;
const KEYCLOAK = "Keycloak's usual path";

export const thundermail: OAuthProvider = {
  kind: "oauth2",
  id: "thundermail",
  name: "Thundermail (tb.pro)",
  remark: "No POP is known.",
  domains: ["thundermail.com", "tb.pro"],
  mxSuffixes: ["mail.thundermail.com"],
  endpoints: {
    authorization: "https://auth.tb.pro/realms/tbpro/protocol/openid-connect/auth",
    token: "https://auth.tb.pro/realms/tbpro/protocol/openid-connect/token",
    device: "https://auth.tb.pro/realms/tbpro/protocol/openid-connect/auth/device",
    revocation: "https://auth.tb.pro/realms/tbpro/protocol/openid-connect/revoke",
    userinfo: "https://auth.tb.pro/realms/tbpro/protocol/openid-connect/userinfo",
    issuer: "https://auth.tb.pro/realms/tbpro",
  },
  resources: [{ name: "mail", scopes: { imap: MAIL, smtp: MAIL } }],
  signInScopes: ["offline_access"],
  refreshScopes: ["offline_access"],
  authorizationParameters: {},
  mechanisms: { imap: ["OAUTHBEARER", "XOAUTH2"], smtp: ["OAUTHBEARER", "XOAUTH2"] },
  issInResponse: true,
  servers: {
    imap: { host: "mail.thundermail.com", port: 993, security: "tls" },
    smtp: { host: "mail.thundermail.com", port: 465, security: "tls" },
  },
  tokens: { rotation: "unknown" },
  clients: [
    {
      preset: "thunderbird",
      name: "Mozilla Thunderbird",
      id: "desktop",
      secretRequired: false,
      redirectUris: ["http://127.0.0.1"],
      note: "Mozilla asks other programs to register their own.",
      sources: ["TBP", "TBO"],
    },
    {
      preset: "thunderbird-android",
      name: "Thunderbird for Android",
      id: "mobile-android-thunderbird",
      secretRequired: false,
      redirectUris: ["net.thunderbird.android://oauth2redirect"],
      disabled: "its redirect opens an Android application, which mailkey cannot stand in for",
      sources: ["TBA"],
    },
    {
      preset: "k9mail",
      name: "K-9 Mail",
      id: "mobile-android-k9mail",
      secretRequired: false,
      redirectUris: ["com.fsck.k9://oauth2redirect"],
      disabled: "its redirect opens an Android application, which mailkey cannot stand in for",
      sources: ["K9"],
    },
    {
      preset: "fairemail",
      name: "FairEmail",
      id: "ext-fairemail",
      secretRequired: false,
      redirectUris: ["https://oauth.faircode.eu/"],
      disabled: "its redirect is a site of its makers, which would be shown the code",
      sources: ["FE"],
    },
  ],
  quirks: [
    {
      text: "A client open to all programs, or registering oneself, is being discussed.",
      ...reported(["thunderbird/thunderbird-accounts#1124"]),
    },
  ],
  sources: {
    domains: verified(["TBP"]),
    mxSuffixes: unverified([], "inferred from the servers"),
    endpoints: verified(["TBP"]),
    "endpoints.device": unverified([], KEYCLOAK),
    "endpoints.revocation": unverified([], KEYCLOAK),
    "endpoints.userinfo": unverified([], KEYCLOAK),
    resources: verified(["TBP"]),
    signInScopes: verified(["TBP"]),
    refreshScopes: verified(["TBP"]),
    authorizationParameters: verified(["TBP"]),
    mechanisms: unverified([], "what the Stalwart mail server offers unless told otherwise"),
    issInResponse: verified(["TBP", "TBO"]),
    servers: reported(["thunderbird/thunderbird-accounts"]),
    "tokens.rotation": unverified([], "nothing was found"),
  },
};
