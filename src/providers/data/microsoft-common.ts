/**
 * What the five Microsoft clouds have in common: how their tokens, errors and servers behave, and the client registrations,
 * which belong to the worldwide cloud (work and personal) and are unknown to the national ones.
 */
import { reported, unverified, verified } from "../certainty.ts";
import type { ClientRegistration, OAuthProvider, Source } from "../provider.ts";

export const MICROSOFT_SIGN_IN_SCOPES = ["offline_access", "openid", "profile", "email"] as const;

/** Left out of the refresh request, the answer has no new refresh token. */
export const MICROSOFT_REFRESH_SCOPES = ["offline_access"] as const;

/** What Thunderbird asks of Graph for mail. A token has these or the Outlook ones, never both. */
export function microsoftGraphScopes(host: string): readonly string[] {
  return ["Mail.Send", "Mail.ReadWrite", "User.Read"].map((name) => `https://${host}/${name}`);
}

export const MICROSOFT_MECHANISMS = {
  imap: ["XOAUTH2"],
  pop: ["XOAUTH2"],
  smtp: ["XOAUTH2"],
} as const satisfies OAuthProvider["mechanisms"];

/** For mailboxes of others that the signed-in person may open; their own is included. */
export function microsoftSharedGraphScopes(host: string): readonly string[] {
  return ["Mail.Send.Shared", "Mail.ReadWrite.Shared", "User.Read"].map((name) => `https://${host}/${name}`);
}

/** EC keys are not taken. */
export const MICROSOFT_CLIENT_ASSERTION = {
  audience: "token_endpoint",
  algorithms: ["PS256", "RS256"],
  certificate: true,
} as const satisfies OAuthProvider["clientAssertion"];

export const MICROSOFT_TOKENS = {
  accessSeconds: 3600,
  refreshIdleDays: 90,
  rotation: "every-use",
  reuseDetection: false,
} as const satisfies OAuthProvider["tokens"];

/** Sources of the values above, the same in every cloud. */
export const MICROSOFT_SOURCES: Readonly<Record<string, Source>> = {
  signInScopes: verified(["EXO", "TBP", "ENTRA-scopes"]),
  refreshScopes: verified(["EXO", "TBP"]),
  authorizationParameters: verified(["ENTRA-code"], "none are needed"),
  issInResponse: unverified([], "no source says that Microsoft sends iss"),
  "resources.graph-shared": verified([
    "https://learn.microsoft.com/graph/outlook-share-messages-folders",
    "https://learn.microsoft.com/graph/outlook-send-mail-from-other-user",
  ]),
  clientAssertion: verified(["ENTRA-cert"], "RS256 is what the page said before; that EC keys are refused is reported"),
  "endpoints.revocation": unverified(["MSAL"], "the metadata lists none (RFC 7009)"),
  "tokens.accessSeconds": verified(
    ["ENTRA-access"],
    "the least; chosen at random between 60 and 90 minutes, up to 28 h for clients with continuous access evaluation",
  ),
  "tokens.refreshIdleDays": verified(["ENTRA-refresh"], "24 h for single-page applications"),
  "tokens.rotation": verified(["ENTRA-refresh"], "each use gives a new one; the old one is not revoked by it"),
  "tokens.reuseDetection": verified(["ENTRA-refresh"]),
};

export const MICROSOFT_QUIRKS: OAuthProvider["quirks"] = [
  {
    text: "An access token is for one resource: Outlook, Graph or EWS. Consent may cover several; each token request names scopes of one. The refresh token is bound to user and client only, so the same one yields tokens for each resource in turn.",
    ...verified(["ENTRA-code", "ENTRA-refresh", "MS-MAIL"]),
  },
  {
    text: "POP3 takes the token on a line of its own: AUTH XOAUTH2, then the string after the server's +.",
    ...verified(["EXO"]),
  },
  { text: "The servers offer XOAUTH2 and no OAUTHBEARER.", ...verified(["EXO", "neomutt/neomutt#2927"]) },
  {
    text: "A refused token gets no explanation in base64: IMAP says NO AUTHENTICATE failed, SMTP 535 5.7.3, POP3 -ERR Authentication failure.",
    ...verified(["EXO"]),
  },
  {
    text: "User is authenticated but not connected: the token is good and the mailbox is not open to it. The wrong account signed in, an alias was used as user name, IMAP is off (as on new Outlook.com accounts), a tenant policy forbids it, or too many clients are connected.",
    ...reported(["FE-FAQ"]),
  },
  {
    text: "535 5.7.139 SmtpClientAuthentication is disabled: an administrator's setting; signing in again changes nothing.",
    ...reported(["mustang-im/mustang#137"]),
  },
  {
    text: "501 5.5.127 Token will expire soon: seen at the high-volume host; the token has to be good for some ten minutes more.",
    ...reported(["SX"]),
  },
  {
    text: "Shared mailbox: the user name is the shared address, the token is the delegate's. The form user\\delegate no longer works.",
    ...verified(["EXO", "EOP"]),
  },
  { text: "The scope in a token response leaves out offline_access, although it was granted.", ...verified(["TBO"]) },
  {
    text: "A scope without its host, such as IMAP.AccessAsUser.All, means Graph's, and IMAP refuses that token.",
    ...verified(["ENTRA-scopes", "MicrosoftDocs/office-developer-exchange-docs#87"]),
  },
  {
    text: "A token for Outlook is refused by Graph and by the userinfo endpoint (https://graph.microsoft.com/oidc/userinfo): who signed in stands in the id_token.",
    ...verified([
      "MicrosoftDocs/office-developer-exchange-docs#87",
      "https://learn.microsoft.com/answers/questions/700838",
    ]),
  },
  {
    text: "Texts of errors change; error and error_codes are what counts.",
    ...verified(["ENTRA-code", "ENTRA-errors"]),
  },
  {
    text: "SMTP takes 3 connections at a time per mailbox (432 4.3.2), 30 messages a minute and 10,000 recipients a day.",
    ...verified(["https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements"]),
  },
  {
    text: "Graph takes 10,000 requests in 10 minutes and 4 at a time, per application and mailbox.",
    ...reported(["https://learn.microsoft.com/answers/questions/2258712"]),
  },
  {
    text: "The out-of-band redirect urn:ietf:wg:oauth:2.0:oob is refused (AADSTS500119).",
    ...reported(["MicrosoftDocs/office-developer-exchange-docs#156"]),
  },
  {
    text: "Loopback redirects: the port does not count for localhost, 127.0.0.1 needs an edited manifest, [::1] cannot be registered.",
    ...verified(["ENTRA-reply"]),
  },
  {
    text: "A public client that sends a secret, even an empty one, is refused (AADSTS700025).",
    ...verified(["ENTRA-code", "ENTRA-errors"]),
  },
  {
    text: "Refresh tokens end with a password change, an administrator's revocation, signing out everywhere, or Conditional Access.",
    ...verified(["ENTRA-refresh"]),
  },
];

/** Registrations are per cloud. */
export function microsoftNationalQuirk(portal: string): OAuthProvider["quirks"][number] {
  return {
    text: `The client has to be registered in this cloud (${portal}): registrations of the worldwide one, Thunderbird's too, are unknown here.`,
    ...verified(["ENTRA-cloud"]),
  };
}

const ANDROID_ONLY = "its redirects open an Android application, which mailkey cannot stand in for";
const NATIVE_CLIENT = "https://login.microsoftonline.com/common/oauth2/nativeclient";

export const MICROSOFT_CLIENTS: readonly ClientRegistration[] = [
  {
    preset: "thunderbird",
    name: "Mozilla Thunderbird",
    id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753",
    secretRequired: false,
    redirectUris: ["https://localhost"],
    deviceFlow: true,
    accountTypes: ["work", "personal"],
    resources: ["graph"],
    note: "Mozilla asks other programs to register their own. It is much used and may be throttled. Thunderbird now uses http://127.0.0.1 with a port, which nobody else reports to work; Graph is in Thunderbird's own list, others found it missing.",
    sources: ["TBP", "TBP-old", "GCE", "EOP", "ORTIE"],
  },
  {
    preset: "mustang",
    name: "Mustang",
    id: "1d01f7d4-334b-475a-9176-a0d504c6a38a",
    secretRequired: false,
    redirectUris: [NATIVE_CLIENT],
    accountTypes: ["work", "personal"],
    sources: ["MUS"],
  },
  {
    preset: "mailspring",
    name: "Mailspring",
    id: "8787a430-6eee-41e1-b914-681d90d35625",
    secretRequired: false,
    redirectUris: ["http://localhost:12141/desktop"],
    accountTypes: ["work", "personal"],
    note: "Its makers ask others not to use it.",
    sources: ["MS-MAIL"],
  },
  {
    preset: "thunderbird-android",
    name: "Thunderbird for Android",
    id: "e6f8716e-299d-4ed9-bbf3-453f192f44e5",
    secretRequired: false,
    redirectUris: ["https://login.live.com/oauth20_desktop.srf"],
    accountTypes: ["work", "personal"],
    note: "Its own redirect is msauth://net.thunderbird.android/…; the one given here is reported by one other program.",
    sources: ["TBA", "GCE"],
  },
  {
    preset: "evolution-ews",
    name: "Evolution EWS",
    id: "20460e5d-ce91-49af-a3a5-70b6be7486d1",
    secretRequired: false,
    redirectUris: [NATIVE_CLIENT],
    accountTypes: ["work"],
    note: "Made for EWS: whether it is granted IMAP and SMTP is not known.",
    sources: ["GNOME/evolution-ews"],
  },
  {
    preset: "davmail",
    name: "DavMail",
    id: "facd6cff-a294-4415-b59f-c5b01937d7bd",
    secretRequired: false,
    redirectUris: [NATIVE_CLIENT],
    accountTypes: ["work"],
    resources: ["graph"],
    note: "Made for EWS and Graph: whether it is granted IMAP and SMTP is not known.",
    sources: ["mguessan/davmail"],
  },
  {
    preset: "thunderbird-old",
    name: "Mozilla Thunderbird (until 2024)",
    id: "08162f7c-0fd2-4200-a84a-f25a4db0b584",
    secretRequired: true,
    redirectUris: ["http://localhost"],
    accountTypes: ["work", "personal"],
    disabled: "Microsoft switched it off about 1 August 2024 (AADSTS7000112)",
    sources: ["simonrob/email-oauth2-proxy#267", "UvA-FNWI/M365-IMAP#18"],
  },
  {
    preset: "k9mail",
    name: "K-9 Mail",
    id: "e647013a-ada4-4114-b419-e43d250f99c5",
    secretRequired: false,
    redirectUris: ["msauth://com.fsck.k9/Dx8yUsuhyU3dYYba1aA16Wxu5eM%3D"],
    accountTypes: ["work", "personal"],
    disabled: ANDROID_ONLY,
    sources: ["K9"],
  },
  {
    preset: "fairemail",
    name: "FairEmail",
    id: "3514cf2c-e7a3-45a2-80d4-6a3c3498eca0",
    secretRequired: false,
    redirectUris: ["msauth.eu.faircode.email://auth"],
    accountTypes: ["work", "personal"],
    disabled: ANDROID_ONLY,
    note: "The redirect https://oauth.faircode.eu/ goes with a secret, and to a site of its makers.",
    sources: ["FE"],
  },
  {
    preset: "fairemail-2",
    name: "FairEmail (second registration)",
    id: "17e57eca-a59b-4574-ac91-b343004898a6",
    secretRequired: false,
    redirectUris: ["msauth://eu.faircode.email/xSLzBBuLJunOQPB89rtzM54FXx4%3D"],
    accountTypes: ["work", "personal"],
    disabled: ANDROID_ONLY,
    sources: ["FE"],
  },
  {
    preset: "fairemail-graph",
    name: "FairEmail (Graph)",
    id: "835c3383-543c-4aa2-98ca-c465eb039987",
    secretRequired: false,
    redirectUris: ["msauth://eu.faircode.email/xSLzBBuLJunOQPB89rtzM54FXx4%3D"],
    accountTypes: ["work", "personal"],
    resources: ["graph"],
    disabled: ANDROID_ONLY,
    sources: ["FE"],
  },
  {
    preset: "evolution",
    name: "Evolution (Outlook.com)",
    id: "cc6e0693-0e26-4220-8322-9d363e308fc6",
    secretRequired: false,
    redirectUris: ["https://login.live.com/oauth20_desktop.srf"],
    accountTypes: ["personal"],
    disabled: "it belongs to the older endpoints at login.live.com and their wl.imap scope, which mailkey does not use",
    sources: ["EDS"],
  },
  {
    preset: "gnome",
    name: "GNOME Online Accounts",
    id: "b155a604-3c31-4079-93b0-6bb6aa9d5464",
    secretRequired: false,
    redirectUris: ["goa-oauth2://localhost"],
    accountTypes: ["work", "personal"],
    resources: ["graph"],
    disabled: "its redirect opens GNOME's settings, which mailkey cannot stand in for",
    note: "The redirect was seen with an older id of theirs only.",
    sources: ["GOA", "GCE"],
  },
  {
    preset: "graph-powershell",
    name: "Microsoft Graph PowerShell",
    id: "14d82eec-204b-4c2f-b7e8-296a70dab67e",
    secretRequired: false,
    redirectUris: ["http://localhost"],
    accountTypes: ["work", "personal"],
    resources: ["graph"],
    disabled: "it is Microsoft's own and for Graph only: it gets no token for IMAP, POP3 or SMTP",
    sources: ["ORTIE"],
  },
];
