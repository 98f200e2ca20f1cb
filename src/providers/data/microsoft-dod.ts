/** Microsoft 365 for the United States Department of Defense. */
import { reported, unverified, verified } from "../certainty.ts";
import type { OAuthProvider } from "../provider.ts";
import {
  MICROSOFT_CLIENT_ASSERTION,
  MICROSOFT_MECHANISMS,
  MICROSOFT_QUIRKS,
  MICROSOFT_REFRESH_SCOPES,
  MICROSOFT_SIGN_IN_SCOPES,
  MICROSOFT_SOURCES,
  MICROSOFT_TOKENS,
  microsoftGraphScopes,
  microsoftSharedGraphScopes,
  microsoftNationalQuirk,
} from "./microsoft-common.ts";

export const microsoftDod: OAuthProvider = {
  kind: "oauth2",
  id: "microsoft-dod",
  name: "Microsoft 365 US Government DoD",
  remark: "Needs a client registered at portal.azure.us.",
  domains: [],
  mxSuffixes: [".mail.protection.office365.us"],
  endpoints: {
    authorization: "https://login.microsoftonline.us/organizations/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.us/organizations/oauth2/v2.0/token",
    device: "https://login.microsoftonline.us/organizations/oauth2/v2.0/devicecode",
    issuer: "https://login.microsoftonline.us/{tenantid}/v2.0",
  },
  resources: [
    {
      name: "outlook",
      scopes: {
        imap: ["https://outlook.office365.us/IMAP.AccessAsUser.All"],
        smtp: ["https://outlook.office365.us/SMTP.Send"],
      },
    },
    { name: "graph", scopes: { api: microsoftGraphScopes("dod-graph.microsoft.us") } },
    { name: "graph-shared", scopes: { api: microsoftSharedGraphScopes("dod-graph.microsoft.us") } },
  ],
  signInScopes: MICROSOFT_SIGN_IN_SCOPES,
  refreshScopes: MICROSOFT_REFRESH_SCOPES,
  authorizationParameters: {},
  mechanisms: MICROSOFT_MECHANISMS,
  issInResponse: false,
  servers: {
    imap: { host: "outlook-dod.office365.us", port: 993, security: "tls" },
    pop: { host: "outlook-dod.office365.us", port: 995, security: "tls" },
    smtp: { host: "outlook-dod.office365.us", port: 587, security: "starttls" },
  },
  clientAssertion: MICROSOFT_CLIENT_ASSERTION,
  applicationScopes: {
    outlook: ["https://outlook-dod.office365.us/.default"],
    graph: ["https://dod-graph.microsoft.us/.default"],
  },
  tokens: MICROSOFT_TOKENS,
  clients: [],
  quirks: [
    microsoftNationalQuirk("portal.azure.us"),
    ...MICROSOFT_QUIRKS,
    {
      text: "Other tools ask for https://outlook-dod.office365.us/.default instead.",
      ...unverified([], "seen in a public source file whose name was not kept"),
    },
    {
      text: "Most tenants of this cloud have POP, IMAP and SMTP AUTH switched off.",
      ...reported(["Foundry376/Mailspring-Sync#7"]),
    },
  ],
  sources: {
    ...MICROSOFT_SOURCES,
    applicationScopes: unverified([], "seen in a public source file whose name was not kept"),
    mxSuffixes: unverified([], "Microsoft's DNS page for this cloud, which was not kept; shared with GCC High"),
    endpoints: verified(["ENTRA-code", "ENTRA-cloud"]),
    "endpoints.device": verified(["ENTRA-device", "ENTRA-cloud"], "not tried with scopes for mail"),
    "endpoints.issuer": unverified(["MSAL"]),
    "resources.outlook": unverified(["EE", "SX"]),
    "resources.graph": reported(["EE"]),
    mechanisms: unverified(["EXO"], "taken to be as worldwide"),
    servers: verified(["MS-GOV-EP", "EE"]),
    "servers.smtp": reported(["EE", "MS-GOV-EP"]),
  },
};
