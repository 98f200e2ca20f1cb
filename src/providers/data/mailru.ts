/** Mail.ru, with inbox.ru, list.ru and bk.ru. */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";

export const mailru: OAuthProvider = {
  kind: "oauth2",
  id: "mailru",
  name: "Mail.ru (mail.ru, inbox.ru, list.ru, bk.ru)",
  remark: "Needs a client with its secret; whether POP and SMTP take tokens is contradicted.",
  domains: ["mail.ru", "inbox.ru", "list.ru", "bk.ru", "corp.mail.ru"],
  mxSuffixes: ["mxs.mail.ru", "emx.mail.ru"],
  endpoints: {
    authorization: "https://o2.mail.ru/login",
    token: "https://o2.mail.ru/token",
    userinfo: "https://oauth.mail.ru/userinfo",
  },
  resources: [{ name: "mail", scopes: { imap: ["mail.imap"], pop: ["mail.imap"], smtp: ["mail.imap"] } }],
  signInScopes: ["openid", "offline_access"],
  refreshScopes: [],
  authorizationParameters: { prompt: "consent" },
  mechanisms: { imap: ["XOAUTH2"], pop: ["XOAUTH2"], smtp: ["XOAUTH2"] },
  issInResponse: false,
  clientAuthentication: "client_secret_basic",
  servers: {
    imap: { host: "imap.mail.ru", port: 993, security: "tls" },
    pop: { host: "pop.mail.ru", port: 995, security: "tls" },
    smtp: { host: "smtp.mail.ru", port: 465, security: "tls" },
  },
  tokens: { accessSeconds: 3600, rotation: "unknown" },
  clients: [
    {
      preset: "thunderbird",
      name: "Mozilla Thunderbird",
      id: "thunderbird",
      secretRequired: true,
      redirectUris: ["http://localhost"],
      note: "Mozilla asks other programs to register their own. The secret stands in Thunderbird's source, not here. Whether a port is accepted is not known.",
      sources: ["TBP"],
    },
    {
      preset: "fairemail",
      name: "FairEmail",
      id: "ce54d27dc1574b3a8b50e6789cd1a44a",
      secretRequired: true,
      redirectUris: ["https://oauth.faircode.eu/"],
      disabled: "its redirect is a site of its makers, which would be shown the code",
      sources: ["FE"],
    },
  ],
  quirks: [
    {
      text: "Since 2026 mail.imap is granted together with openid only; without it the answer is 401.",
      ...reported(["rustmailer/bichon#385"]),
    },
    {
      text: "Other programs use https://oauth.mail.ru/login and /token, with the scopes userinfo mail.imap and prompt_force=1.",
      ...verified(["EE", "FE"]),
    },
    {
      text: "Mozilla's database has OAuth2 for POP and passwords for SMTP, Thunderbird uses tokens for SMTP, FairEmail not for POP.",
      ...unverified(["ISPDB:mail.ru.xml", "TBP", "FE"]),
    },
    {
      text: "With passwords, programs need one made for external applications.",
      ...reported(["FE-FAQ"]),
    },
    { text: "STARTTLS is offered too: 143, 110 and 587.", ...verified(["ISPDB:mail.ru.xml"]) },
  ],
  sources: {
    domains: verified(["ISPDB:mail.ru.xml"]),
    mxSuffixes: unverified([], "Mail.ru's DNS help, which was not kept"),
    endpoints: verified(["TBP", "EE", "FE"]),
    "endpoints.userinfo": verified(["EE"]),
    "resources.mail.imap": verified(["TBP", "EE", "FE"]),
    "resources.mail.pop": unverified(["ISPDB:mail.ru.xml"]),
    "resources.mail.smtp": unverified(["TBP"]),
    signInScopes: reported(["rustmailer/bichon#385"]),
    refreshScopes: unverified([], "nothing was found about scopes when refreshing"),
    authorizationParameters: reported(["rustmailer/bichon#385"]),
    "mechanisms.imap": verified(["EE", "ISPDB:mail.ru.xml"]),
    "mechanisms.pop": unverified(["ISPDB:mail.ru.xml"]),
    "mechanisms.smtp": unverified(["TBP"]),
    issInResponse: unverified([], "no issuer was found"),
    clientAuthentication: verified(["EE", "TBP"]),
    servers: verified(["ISPDB:mail.ru.xml"]),
    "tokens.accessSeconds": unverified([], "nothing was found"),
    "tokens.rotation": unverified([], "nothing was found"),
  },
};
