/** Microsoft 365 in China, operated by 21Vianet. */
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

export const microsoft21Vianet: OAuthProvider = {
  kind: "oauth2",
  id: "microsoft-21vianet",
  name: "Microsoft 365 operated by 21Vianet (China)",
  remark: "Needs a client registered at portal.azure.cn.",
  domains: [],
  domainSuffixes: [".partner.onmschina.cn"],
  mxSuffixes: [".mail.protection.partner.outlook.cn"],
  endpoints: {
    authorization: "https://login.partner.microsoftonline.cn/organizations/oauth2/v2.0/authorize",
    token: "https://login.partner.microsoftonline.cn/organizations/oauth2/v2.0/token",
    device: "https://login.partner.microsoftonline.cn/organizations/oauth2/v2.0/devicecode",
    issuer: "https://login.partner.microsoftonline.cn/{tenantid}/v2.0",
  },
  resources: [
    {
      name: "outlook",
      scopes: {
        imap: ["https://partner.outlook.cn/IMAP.AccessAsUser.All"],
        pop: ["https://partner.outlook.cn/POP.AccessAsUser.All"],
        smtp: ["https://partner.outlook.cn/SMTP.Send"],
      },
    },
    { name: "graph", scopes: { api: microsoftGraphScopes("microsoftgraph.chinacloudapi.cn") } },
    { name: "graph-shared", scopes: { api: microsoftSharedGraphScopes("microsoftgraph.chinacloudapi.cn") } },
  ],
  signInScopes: MICROSOFT_SIGN_IN_SCOPES,
  refreshScopes: MICROSOFT_REFRESH_SCOPES,
  authorizationParameters: {},
  mechanisms: MICROSOFT_MECHANISMS,
  issInResponse: false,
  servers: {
    imap: { host: "partner.outlook.cn", port: 993, security: "tls" },
    pop: { host: "partner.outlook.cn", port: 995, security: "tls" },
    smtp: { host: "smtp.partner.outlook.cn", port: 587, security: "starttls" },
  },
  clientAssertion: MICROSOFT_CLIENT_ASSERTION,
  applicationScopes: {
    outlook: ["https://partner.outlook.cn/.default"],
    graph: ["https://microsoftgraph.chinacloudapi.cn/.default"],
  },
  tokens: MICROSOFT_TOKENS,
  clients: [],
  quirks: [
    microsoftNationalQuirk("portal.azure.cn"),
    ...MICROSOFT_QUIRKS,
    { text: "Others who use these scopes say that they could not try them.", ...reported(["EE"]) },
    { text: "One tool sends through partner.outlook.cn, port 587.", ...reported(["EE"]) },
    {
      text: "login.chinacloudapi.cn is another name of the login host; issuers name login.partner.microsoftonline.cn.",
      ...reported(["MSAL", "EE"]),
    },
    {
      text: "Microsoft's libraries know further clouds (login.sovcloud-identity.fr, .de and .sg), of whose mail nothing was found; the German cloud closed in 2021.",
      ...verified(["MSAL"]),
    },
  ],
  sources: {
    ...MICROSOFT_SOURCES,
    applicationScopes: reported([], "seen in a public source file whose name was not kept"),
    domainSuffixes: reported([], "seen in a public source file whose name was not kept"),
    mxSuffixes: unverified([], "Microsoft's DNS page for this cloud, which was not kept"),
    endpoints: verified(["ENTRA-code", "ENTRA-cloud"]),
    "endpoints.device": verified(["ENTRA-device", "ENTRA-cloud"], "not tried with scopes for mail"),
    "endpoints.issuer": unverified(["MSAL"]),
    "resources.outlook": reported(["EE", "SX"]),
    "resources.outlook.pop": reported([], "seen in a public source file whose name was not kept"),
    "resources.graph": reported(["EE"]),
    mechanisms: unverified(["EXO"], "taken to be as worldwide"),
    servers: reported(["simonrob/email-oauth2-proxy#255", "EE"]),
    "servers.pop": reported([], "seen in a public source file whose name was not kept"),
    "servers.smtp": unverified([], "seen in public configurations that were not kept"),
  },
};
