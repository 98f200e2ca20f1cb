/** Microsoft 365 and Exchange Online: mailboxes of work and school accounts, worldwide cloud. */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";
import {
  MICROSOFT_CLIENTS,
  MICROSOFT_CLIENT_ASSERTION,
  MICROSOFT_MECHANISMS,
  MICROSOFT_QUIRKS,
  MICROSOFT_REFRESH_SCOPES,
  MICROSOFT_SIGN_IN_SCOPES,
  MICROSOFT_SOURCES,
  MICROSOFT_TOKENS,
  microsoftGraphScopes,
  microsoftSharedGraphScopes,
} from "./microsoft-common.ts";

export const microsoft: OAuthProvider = {
  kind: "oauth2",
  id: "microsoft",
  name: "Microsoft 365 / Exchange Online (work or school)",
  remark: "An administrator may have to allow the client, and SMTP AUTH for the mailbox.",
  domains: ["office365.com", "onmicrosoft.com"],
  domainSuffixes: [".onmicrosoft.com"],
  mxSuffixes: [".mail.protection.outlook.com", ".mx.microsoft"],
  endpoints: {
    authorization: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    device: "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode",
    issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
  },
  resources: [
    {
      name: "outlook",
      scopes: {
        imap: ["https://outlook.office.com/IMAP.AccessAsUser.All"],
        pop: ["https://outlook.office.com/POP.AccessAsUser.All"],
        smtp: ["https://outlook.office.com/SMTP.Send"],
      },
    },
    { name: "graph", scopes: { api: microsoftGraphScopes("graph.microsoft.com") } },
    { name: "graph-shared", scopes: { api: microsoftSharedGraphScopes("graph.microsoft.com") } },
  ],
  signInScopes: MICROSOFT_SIGN_IN_SCOPES,
  refreshScopes: MICROSOFT_REFRESH_SCOPES,
  authorizationParameters: {},
  mechanisms: MICROSOFT_MECHANISMS,
  issInResponse: false,
  servers: {
    imap: { host: "outlook.office365.com", port: 993, security: "tls" },
    pop: { host: "outlook.office365.com", port: 995, security: "tls" },
    smtp: { host: "smtp.office365.com", port: 587, security: "starttls" },
  },
  clientAssertion: MICROSOFT_CLIENT_ASSERTION,
  applicationScopes: {
    outlook: ["https://outlook.office365.com/.default"],
    graph: ["https://graph.microsoft.com/.default"],
  },
  tokens: MICROSOFT_TOKENS,
  grantsPage: "https://myapps.microsoft.com",
  clients: MICROSOFT_CLIENTS,
  quirks: [
    ...MICROSOFT_QUIRKS,
    {
      text: "Tenants more and more forbid the device code by Conditional Access, as Microsoft advises them to.",
      ...verified([
        "https://learn.microsoft.com/entra/identity/conditional-access/concept-authentication-flows",
        "ENTRA-device",
      ]),
    },
    {
      text: "Scopes under outlook.office365.com work for work accounts too; those under outlook.office.com work for every kind.",
      ...reported(["thunderbird/autoconfig#45", "ltratt/pizauth#40"]),
    },
    {
      text: "Without a person (client credentials): scope https://outlook.office365.com/.default, the permissions IMAP.AccessAsApp, POP.AccessAsApp and SMTP.SendAsApp, New-ServicePrincipal and Add-MailboxPermission. Whoever has such a token can open every mailbox it is allowed.",
      ...verified(["EXO", "EOP"]),
    },
    { text: "Passwords for SMTP end late in 2027, as last announced.", ...reported(["EOP"]) },
    {
      text: "The servers have a newer name, outlook.cloud.microsoft; smtp-mail.outlook.com serves work accounts as well.",
      ...reported(["MUS", "EOP"]),
    },
    { text: "How many IMAP connections a mailbox may have is not published.", ...unverified([], "nothing found") },
  ],
  sources: {
    ...MICROSOFT_SOURCES,
    applicationScopes: verified(["EXO", "ENTRA-app"]),
    domains: verified(["ISPDB:office365.com.xml"], "most tenants use domains of their own: their MX tells"),
    domainSuffixes: verified(["ISPDB:office365.com.xml"]),
    "mxSuffixes.0": verified(["ISPDB:office365.com.xml"]),
    "mxSuffixes.1": verified(["https://learn.microsoft.com/purview/how-smtp-dane-works"], "zones with DNSSEC"),
    endpoints: verified(["ENTRA-code", "ENTRA-cloud"]),
    "endpoints.device": verified(["ENTRA-device", "ENTRA-cloud"]),
    "endpoints.issuer": verified(["ENTRA-access"]),
    "resources.outlook": verified(["EXO", "TBP"]),
    "resources.graph": verified(["TBP"]),
    mechanisms: verified(["EXO"]),
    servers: verified(["ISPDB:office365.com.xml"]),
    grantsPage: reported(["MSAL"], "Microsoft's page of one's applications"),
  },
};
