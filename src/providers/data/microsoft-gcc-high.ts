/** Microsoft 365 for the United States government, GCC High. */
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

export const microsoftGccHigh: OAuthProvider = {
  kind: "oauth2",
  id: "microsoft-gcc-high",
  name: "Microsoft 365 US Government GCC High",
  remark: "Needs a client registered at portal.azure.us.",
  domains: [],
  domainSuffixes: [".onmicrosoft.us"],
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
        pop: ["https://outlook.office365.us/POP.AccessAsUser.All"],
        smtp: ["https://outlook.office365.us/SMTP.Send"],
      },
    },
    { name: "graph", scopes: { api: microsoftGraphScopes("graph.microsoft.us") } },
    { name: "graph-shared", scopes: { api: microsoftSharedGraphScopes("graph.microsoft.us") } },
  ],
  signInScopes: MICROSOFT_SIGN_IN_SCOPES,
  refreshScopes: MICROSOFT_REFRESH_SCOPES,
  authorizationParameters: {},
  mechanisms: MICROSOFT_MECHANISMS,
  issInResponse: false,
  servers: {
    imap: { host: "outlook.office365.us", port: 993, security: "tls" },
    pop: { host: "outlook.office365.us", port: 995, security: "tls" },
    smtp: { host: "smtp.office365.us", port: 587, security: "starttls" },
  },
  clientAssertion: MICROSOFT_CLIENT_ASSERTION,
  applicationScopes: {
    outlook: ["https://outlook.office365.us/.default"],
    graph: ["https://graph.microsoft.us/.default"],
  },
  tokens: MICROSOFT_TOKENS,
  clients: [],
  quirks: [
    microsoftNationalQuirk("portal.azure.us"),
    ...MICROSOFT_QUIRKS,
    { text: "GCC without High uses the worldwide endpoints: provider microsoft.", ...verified(["ENTRA-cloud"]) },
    {
      text: "Most tenants of this cloud have POP, IMAP and SMTP AUTH switched off.",
      ...reported(["Foundry376/Mailspring-Sync#7"]),
    },
    {
      text: "A newer tool names the IMAP scope https://outlook.office.us/IMAP.AccessAsUser.All.",
      ...unverified([], "seen in a public source file whose name was not kept"),
    },
  ],
  sources: {
    ...MICROSOFT_SOURCES,
    applicationScopes: reported([], "seen in a public source file whose name was not kept"),
    domainSuffixes: unverified([], "inferred from the worldwide .onmicrosoft.com"),
    mxSuffixes: unverified([], "Microsoft's DNS page for this cloud, which was not kept; shared with DoD"),
    endpoints: verified(["ENTRA-code", "ENTRA-cloud"]),
    "endpoints.device": verified(["ENTRA-device", "ENTRA-cloud"], "not tried with scopes for mail"),
    "endpoints.issuer": unverified(["MSAL"]),
    "resources.outlook": reported(["EE", "SX"]),
    "resources.outlook.pop": reported([], "seen in a public source file whose name was not kept"),
    "resources.graph": reported(["EE"]),
    mechanisms: unverified(["EXO"], "taken to be as worldwide"),
    servers: verified(["MS-GOV-EP"]),
    "servers.smtp": verified(["EE"]),
  },
};
