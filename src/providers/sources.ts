/**
 * The documents that the registry's values were read in, by the abbreviations used there. No live endpoint was asked;
 * the newest of these were read in autumn 2026. Upstream files are pinned to the commit that was read.
 */

export const SOURCES = {
  // Mozilla
  TBP: "https://github.com/mozilla/releases-comm-central/blob/003b6e96e472c54acc4332d3e9eaa7426f549664/mailnews/base/src/OAuth2Providers.sys.mjs",
  TBO: "https://github.com/mozilla/releases-comm-central/blob/050876b8/mailnews/base/src/OAuth2.sys.mjs",
  "TBP-old":
    "https://github.com/thunderbird/thunderbird-desktop/blob/8456074d/mailnews/base/src/OAuth2Providers.sys.mjs",
  TBA: "https://github.com/thunderbird/thunderbird-android/blob/a59bd67/app-thunderbird/src/release/kotlin/net/thunderbird/android/auth/TbOAuthConfigurationFactory.kt",
  K9: "https://github.com/thunderbird/thunderbird-android/blob/a59bd67/app-k9mail/src/release/kotlin/app/k9mail/auth/K9OAuthConfigurationFactory.kt",
  ISPDB: "https://github.com/thunderbird/autoconfig/tree/c6ad796/ispdb",

  // Microsoft
  EXO: "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth",
  "ENTRA-code": "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow",
  "ENTRA-device": "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code",
  "ENTRA-refresh": "https://learn.microsoft.com/entra/identity-platform/refresh-tokens",
  "ENTRA-access": "https://learn.microsoft.com/entra/identity-platform/access-tokens",
  "ENTRA-cloud": "https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud",
  "ENTRA-reply": "https://learn.microsoft.com/entra/identity-platform/reply-url",
  "ENTRA-scopes": "https://learn.microsoft.com/entra/identity-platform/scopes-oidc",
  "ENTRA-errors": "https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
  "ENTRA-cert": "https://learn.microsoft.com/entra/identity-platform/certificate-credentials",
  "ENTRA-app": "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow",
  MSAL: "https://github.com/AzureAD/microsoft-authentication-library-for-js/blob/dev/lib/msal-common/src/authority/AuthorityMetadata.ts",
  /** `includes/office-365-u.s.-government-gcc-high-endpoints.md` and `…-dod-endpoints.md` there. */
  "MS-GOV-EP": "https://github.com/MicrosoftDocs/microsoft-365-docs",

  // Google
  "GOOG-XO": "https://developers.google.com/gmail/imap/xoauth2-protocol",
  "GOOG-IMAP": "https://developers.google.com/workspace/gmail/imap/imap-smtp",
  "GOOG-NATIVE": "https://developers.google.com/identity/protocols/oauth2/native-app",
  "GOOG-LOOP": "https://developers.google.com/identity/protocols/oauth2/resources/loopback-migration",
  "GOOG-DEV": "https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes",
  /** Read in a public copy of February 2026. */
  "GOOG-DISC": "https://accounts.google.com/.well-known/openid-configuration",
  "GOOG-OA2": "https://developers.google.com/identity/protocols/oauth2#expiration",
  "GOOG-SA": "https://developers.google.com/identity/protocols/oauth2/service-account",
  "GOOG-MX": "https://support.google.com/a/answer/174125",

  // Other providers
  /** A third party's copy of AOL's metadata, dated September 2026. */
  "AOL-NOTES": "https://github.com/api-evangelist/aol",
  /** Read second-hand, in copies kept by others. */
  "YAHOO-NOTES": "https://api.login.yahoo.com/.well-known/openid-configuration",
  "YAHOO-DOC": "https://developer.yahoo.com/oauth2/guide/",
  "YAHOO-IMAPNIO": "https://github.com/yahoo/imapnio",
  "FM-DEV": "https://www.fastmail.com/for-developers/oauth/",
  "YA-DOC": "https://yandex.ru/dev/id/doc/en/",
  "YA-MAIL": "https://yandex.ru/support/yandex-360/business/mail/ru/web/security/oauth",
  "SEZNAM-DOC": "https://vyvojari.seznam.cz/oauth/doc?lang=en",
  "ZOHO-SASL": "https://www.zoho.com/mail/help/sasl-xoauth2-smtp-imap-pop-protocol-exchange.html",
  "ZOHO-OA": "https://www.zoho.com/accounts/protocol/oauth.html",

  // Other programs
  FE: "https://github.com/M66B/FairEmail/blob/e23dd9d/app/src/main/res/xml/providers.xml",
  "FE-FAQ": "https://github.com/M66B/FairEmail/blob/e23dd9d/FAQ.md",
  EOP: "https://github.com/simonrob/email-oauth2-proxy/tree/5682d75",
  EE: "https://github.com/postalsys/emailengine/tree/aea4535/lib",
  IMAPFLOW: "https://github.com/postalsys/imapflow/blob/master/lib/commands/authenticate.js",
  GCE: "https://github.com/AdityaGarg8/git-credential-email/tree/4f83c1f",
  SX: "https://github.com/tarickb/sasl-xoauth2/tree/1f5d78c",
  ORTIE: "https://github.com/pimalaya/ortie/tree/274bd4c",
  "MS-MAIL": "https://github.com/Foundry376/Mailspring/tree/d93a0d7/app/internal_packages/onboarding/lib",
  MUS: "https://github.com/mustang-im/mustang/blob/227ae5a/app/logic/Auth/OAuth2URLs.ts",
  EDS: "https://github.com/GNOME/evolution-data-server/tree/ccb3cba/src/libedataserver",
  GOA: "https://github.com/GNOME/gnome-online-accounts/tree/0a85e7c/src/goabackend",
  MAILCORE: "https://github.com/MailCore/mailcore2/blob/master/resources/providers.json",
} as const satisfies Readonly<Record<string, string>>;

/**
 * The address of a source as the registry names it: an abbreviation, `ISPDB:<file>`, `owner/repository`,
 * `owner/repository#issue`, `RFC <number>`, or an https URL. Null for anything else.
 */
export function sourceUrl(name: string): string | null {
  if (name.startsWith("https://")) return name;
  if (Object.hasOwn(SOURCES, name)) return SOURCES[name as keyof typeof SOURCES];
  const rfc = /^RFC (\d+)$/.exec(name);
  if (rfc) return `https://www.rfc-editor.org/rfc/rfc${rfc[1]}`;
  const file = /^ISPDB:([a-z0-9.-]+\.xml)$/.exec(name);
  if (file) return `${SOURCES.ISPDB}/${file[1]}`;
  const repository = /^([A-Za-z0-9-]+\/[A-Za-z0-9._-]+?)(?:#(\d+))?$/.exec(name);
  if (repository === null) return null;
  const [, path, issue] = repository;
  return `https://github.com/${path}${issue === undefined ? "" : `/issues/${issue}`}`;
}
