/**
 * Zoho Mail. Tokens belong to a data centre, each with hosts of its own; the provider's own values are those of zoho.com,
 * the others are regions.
 */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider, Region } from "../provider.ts";

/** The hosts of a data centre differ in their last labels only. */
function dataCentre(name: string, accounts: string, mail: string, domains: string[], mxSuffixes: string[]): Region {
  return { name, domains, mxSuffixes, endpoints: endpoints(accounts), servers: servers(mail) };
}

function endpoints(host: string) {
  return {
    authorization: `https://${host}/oauth/v2/auth`,
    token: `https://${host}/oauth/v2/token`,
    revocation: `https://${host}/oauth/v2/token/revoke`,
  };
}

function servers(zone: string): OAuthProvider["servers"] {
  return {
    imap: { host: `imap.${zone}`, port: 993, security: "tls" },
    pop: { host: `pop.${zone}`, port: 995, security: "tls" },
    smtp: { host: `smtp.${zone}`, port: 465, security: "tls" },
  };
}

export const zoho: OAuthProvider = {
  kind: "oauth2",
  id: "zoho",
  name: "Zoho Mail",
  remark:
    "Needs a client of your own (api-console.zoho.com); no scope for SMTP is documented, an app password works for all.",
  domains: [
    "zoho.com",
    "zohomail.com",
    "zoho.com.au",
    "zohomail.com.au",
    "zoho.eu",
    "zohomail.eu",
    "zoho.in",
    "zohomail.in",
    "zoho.jp",
    "zohomail.jp",
    "zohocloud.ca",
    "zohomailcloud.ca",
  ],
  mxSuffixes: ["mx.zoho.com", "mx2.zoho.com", "mx3.zoho.com"],
  endpoints: endpoints("accounts.zoho.com"),
  resources: [{ name: "mail", scopes: { imap: ["ZOHOMAIL.PROTOCOL.IMAP"], pop: ["ZOHOMAIL.PROTOCOL.POP"] } }],
  signInScopes: [],
  refreshScopes: [],
  authorizationParameters: { access_type: "offline", prompt: "consent" },
  mechanisms: { imap: ["XOAUTH2"], pop: ["XOAUTH2"], smtp: [] },
  issInResponse: false,
  servers: servers("zoho.com"),
  regions: [
    dataCentre("Europe", "accounts.zoho.eu", "zoho.eu", ["zoho.eu", "zohomail.eu"], ["mx.zoho.eu"]),
    dataCentre("India", "accounts.zoho.in", "zoho.in", ["zoho.in", "zohomail.in"], ["mx.zoho.in"]),
    dataCentre("Australia", "accounts.zoho.com.au", "zoho.com.au", ["zoho.com.au", "zohomail.com.au"], []),
    dataCentre("Japan", "accounts.zoho.jp", "zoho.jp", ["zoho.jp", "zohomail.jp"], []),
    dataCentre("Canada", "accounts.zohocloud.ca", "zohocloud.ca", ["zohocloud.ca", "zohomailcloud.ca"], []),
  ],
  tokens: { accessSeconds: 3600, rotation: "never" },
  clients: [],
  quirks: [
    {
      text: "Tokens are tied to the data centre: login and mail hosts have to have the same ending.",
      ...verified(["https://docs.corsair.dev/plugins/zohomail/get-credentials"]),
    },
    {
      text: "The documented way is a Self Client: id and secret made by the user in Zoho's console, where the code is generated too, without a redirect.",
      ...verified(["ZOHO-SASL"]),
    },
    {
      text: "Server applications need a redirect that is registered letter by letter, with https.",
      ...reported(["https://docs.sendgrail.com/guide/connections/zoho"]),
    },
    {
      text: "The page on tokens for mail lists scopes for IMAP and POP only, although its address mentions SMTP.",
      ...unverified(["ZOHO-SASL"]),
    },
    { text: "Mozilla's database lists passwords only.", ...verified(["ISPDB:zoho.com.xml"]) },
    {
      text: "Mailboxes on customers' own domains use imappro, poppro and smtppro instead of imap, pop and smtp.",
      ...reported(["https://postigo.net/smtp/zoho"]),
    },
    {
      text: "A refresh token gives 10 access tokens in 10 minutes at most; a user has 20 refresh tokens, and the oldest goes.",
      ...verified(["ZOHO-OA"], "the second half is reported only"),
    },
    { text: "Revocation is documented with the token in the address.", ...verified(["ZOHO-OA"]) },
    {
      text: "There is a device code for applications without a browser; its address and scopes were not looked up.",
      ...unverified(["ZOHO-OA"]),
    },
    { text: "SMTP with STARTTLS on port 587 works too.", ...verified(["ISPDB:zoho.com.xml"]) },
    {
      text: "The REST API has scopes of its own (ZohoMail.messages.ALL, ZohoMail.accounts.READ).",
      ...verified(["https://www.zoho.com/mail/help/api/"]),
    },
  ],
  sources: {
    domains: verified([
      "ISPDB:zoho.com.xml",
      "ISPDB:zoho.com.au.xml",
      "ISPDB:zoho.eu.xml",
      "ISPDB:zoho.in.xml",
      "ISPDB:zoho.jp.xml",
      "ISPDB:zohocloud.ca.xml",
    ]),
    mxSuffixes: unverified([], "Zoho's DNS help, which was not kept"),
    endpoints: verified(["ZOHO-OA"]),
    "endpoints.device": unverified(["ZOHO-OA"], "there is one; its address was not read"),
    resources: verified(["ZOHO-SASL"]),
    signInScopes: reported(["https://www.aurinko.io/blog/zoho-mail-oauth-flow/"]),
    refreshScopes: reported(["https://www.aurinko.io/blog/zoho-mail-oauth-flow/"]),
    authorizationParameters: reported(["https://www.aurinko.io/blog/zoho-mail-oauth-flow/"]),
    mechanisms: verified(["ZOHO-SASL"]),
    issInResponse: unverified([], "no issuer was found"),
    servers: verified(["ISPDB:zoho.com.xml"]),
    regions: verified(["ZOHO-OA", "ISPDB:zoho.com.xml"], "their MX hosts are unverified"),
    "tokens.accessSeconds": verified(["ZOHO-OA"]),
    "tokens.rotation": unverified(["ZOHO-OA"]),
  },
};
