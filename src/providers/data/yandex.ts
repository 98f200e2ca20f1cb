/** Yandex Mail and Yandex 360. */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";

const UNNAMED = "public source files whose names were not kept";

export const yandex: OAuthProvider = {
  kind: "oauth2",
  id: "yandex",
  name: "Yandex Mail / Yandex 360",
  remark: "Needs a client of your own (oauth.yandex.ru), and IMAP switched on in the mailbox; POP has no OAuth2.",
  domains: ["yandex.ru", "yandex.com", "yandex.net", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru", "narod.ru"],
  mxSuffixes: ["mx.yandex.net", "mx.yandex.ru"],
  endpoints: {
    authorization: "https://oauth.yandex.com/authorize",
    token: "https://oauth.yandex.com/token",
    device: "https://oauth.yandex.com/device/code",
  },
  resources: [{ name: "mail", scopes: { imap: ["mail:imap_full"], smtp: ["mail:smtp"] } }],
  signInScopes: [],
  refreshScopes: [],
  authorizationParameters: {},
  mechanisms: { imap: ["XOAUTH2"], pop: [], smtp: ["XOAUTH2"] },
  issInResponse: false,
  servers: {
    imap: { host: "imap.yandex.com", port: 993, security: "tls" },
    pop: { host: "pop.yandex.com", port: 995, security: "tls" },
    smtp: { host: "smtp.yandex.com", port: 465, security: "tls" },
  },
  tokens: { renewAheadSeconds: 270 * 86_400, rotation: "every-use" },
  clients: [
    {
      preset: "thunderbird",
      name: "Mozilla Thunderbird",
      id: "2a00bba7374047a6ab79666485ffce31",
      secretRequired: true,
      redirectUris: ["http://localhost"],
      note: "Mozilla asks other programs to register their own. The secret stands in Thunderbird's source, not here. Whether a port is accepted is not known.",
      sources: ["TBP"],
    },
    {
      preset: "fairemail",
      name: "FairEmail",
      id: "a41b1a433d5041c39edebda5b866d2fc",
      secretRequired: true,
      redirectUris: ["https://oauth.faircode.eu/"],
      disabled: "its redirect is a site of its makers, which would be shown the code",
      sources: ["FE"],
    },
  ],
  quirks: [
    { text: "IMAP has to be switched on in the settings of the mailbox.", ...verified(["FE-FAQ"]) },
    {
      text: "Of the mechanisms only XOAUTH2 works; OAUTHBEARER is a syntax error.",
      ...verified(["YA-MAIL", "emersion/go-imap#539"]),
    },
    { text: "POP takes no tokens.", ...reported(["FE"]) },
    {
      text: "A client of one's own may use the redirect https://oauth.yandex.ru/verification_code, which shows a code to copy.",
      ...verified(["YA-MAIL"]),
    },
    {
      text: "A refresh brings a new refresh token, which lives as long as the access token; do it about every three months. The access token may stay the same.",
      ...verified(["YA-DOC"]),
    },
    {
      text: "Access tokens are said to live for about a year: expires_in tells.",
      ...unverified([], "commonly quoted"),
    },
    { text: "A change of password or of the second factor ends all tokens.", ...verified(["YA-DOC"]) },
    {
      text: "https://oauth.yandex.ru/revoke_token takes access_token, client_id and client_secret and is not RFC 7009; it is documented for tokens bound to a device.",
      ...reported(["YA-DOC"]),
    },
    {
      text: "Two programs redeem codes with PKCE and no secret, although the documentation always shows one.",
      ...unverified(["YA-DOC"], UNNAMED),
    },
    {
      text: "The device code is documented in general; nobody was seen to use it for mail.",
      ...unverified(["YA-DOC"]),
    },
    {
      text: "Who signed in is told by https://login.yandex.ru/info?format=json to tokens with login:email.",
      ...reported([], UNNAMED),
    },
    {
      text: "mail:imap_ro is for reading only. oauth.yandex.ru serves as well as oauth.yandex.com.",
      ...verified(["TBP", "FE"]),
    },
    {
      text: "In 2023 the support told a user that mail takes app passwords only; the documentation and Thunderbird say otherwise.",
      ...reported(["emersion/go-imap#539", "YA-MAIL"]),
    },
    {
      text: "Mozilla's database lists passwords only, beside the endpoints for OAuth2.",
      ...verified(["ISPDB:yandex.ru.xml"]),
    },
  ],
  sources: {
    domains: verified(["ISPDB:yandex.ru.xml"]),
    mxSuffixes: unverified([], "Yandex 360's DNS help, which was not kept"),
    endpoints: verified(["TBP", "YA-DOC"]),
    "endpoints.device": verified(["YA-DOC"]),
    "endpoints.revocation": reported(["YA-DOC"], "there is one that is not RFC 7009"),
    resources: verified(["TBP", "FE", "ISPDB:yandex.ru.xml"]),
    signInScopes: verified(["YA-DOC"], "refresh tokens come without asking"),
    refreshScopes: verified(["YA-DOC"]),
    authorizationParameters: verified(["YA-DOC"], "FairEmail adds force_confirm and device_name"),
    mechanisms: verified(["YA-MAIL", "emersion/go-imap#539"]),
    issInResponse: unverified([], "no issuer was found"),
    servers: verified(["ISPDB:yandex.ru.xml"]),
    "tokens.renewAheadSeconds": verified(
      ["YA-DOC"],
      "the refresh token ends with the access token of about a year: to be renewed about every three months",
    ),
    "tokens.rotation": verified(["YA-DOC"]),
  },
};
