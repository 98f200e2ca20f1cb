/** The applications that the lab's authorization server knows, and which redirect URIs it lets them use. */

/** Thunderbird's registration with Microsoft: public, as in real life. */
export const THUNDERBIRD_CLIENT_ID = "9e5f94bc-e8a4-4e73-b8be-63364c29d753";
/** A public application of the user's own. */
export const OWN_CLIENT_ID = "4d61696c-6b65-4079-8061-707000000001";
/** A confidential application of the user's own, with `CONFIDENTIAL_CLIENT_SECRET`. */
export const CONFIDENTIAL_CLIENT_ID = "4d61696c-6b65-4079-8061-707000000002";
export const CONFIDENTIAL_CLIENT_SECRET = "lab-client-secret~Q8";
/** An application that acts in its own name, with `APPLICATION_SECRET`. */
export const APPLICATION_ID = "4d61696c-6b65-4079-8061-707000000003";
export const APPLICATION_SECRET = "lab-application-secret~Z4";
/** One that signs, once `registerCertificate` has said with what; it may act in its own name, and people may sign in with it. */
export const CERTIFICATE_CLIENT_ID = "4d61696c-6b65-4079-8061-707000000004";
/** A tenant's id, for endpoints that have to have one. */
export const TENANT = "4d61696c-6b65-4079-8061-74656e616e74";
/** The name and password with which the mail servers ask about tokens. */
export const MAIL_SERVER_CLIENT_ID = "mail-server";
export const MAIL_SERVER_CLIENT_SECRET = "lab-introspection-secret";

export const MAIL_SCOPES = {
  imap: "https://outlook.office.com/IMAP.AccessAsUser.All",
  pop: "https://outlook.office.com/POP.AccessAsUser.All",
  smtp: "https://outlook.office.com/SMTP.Send",
} as const;

/** All that the organisation has granted to the application. */
export const APPLICATION_SCOPE = "https://outlook.office365.com/.default";

export const SCOPES: readonly string[] = [
  ...Object.values(MAIL_SCOPES),
  APPLICATION_SCOPE,
  "https://graph.microsoft.com/Mail.Send",
  "https://graph.microsoft.com/Mail.ReadWrite",
  "https://graph.microsoft.com/User.Read",
  "openid",
  "profile",
  "email",
  "offline_access",
];

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const NATIVE_CLIENT = "https://login.microsoftonline.com/common/oauth2/nativeclient";
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** In the form of RFC 7591. `web`, because `native` refuses Thunderbird's https://localhost. */
export const REGISTRATIONS: readonly Readonly<Record<string, unknown>>[] = [
  {
    ...publicClient(THUNDERBIRD_CLIENT_ID, "Mozilla Thunderbird"),
    redirect_uris: ["https://localhost", "http://localhost", "http://127.0.0.1", "http://[::1]"],
  },
  {
    ...publicClient(OWN_CLIENT_ID, "My own application"),
    redirect_uris: ["http://localhost", "http://127.0.0.1", "http://[::1]", NATIVE_CLIENT],
  },
  {
    ...publicClient(CONFIDENTIAL_CLIENT_ID, "My company's application"),
    client_secret: CONFIDENTIAL_CLIENT_SECRET,
    token_endpoint_auth_method: "client_secret_post",
    redirect_uris: ["http://localhost", "http://127.0.0.1", "http://[::1]"],
  },
  {
    client_id: APPLICATION_ID,
    client_secret: APPLICATION_SECRET,
    token_endpoint_auth_method: "client_secret_post",
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
  },
  {
    client_id: MAIL_SERVER_CLIENT_ID,
    client_secret: MAIL_SERVER_CLIENT_SECRET,
    grant_types: [],
    response_types: [],
    redirect_uris: [],
  },
];

/** @param publicKey what its assertions are checked with */
export function certificateClient(publicKey: object): Readonly<Record<string, unknown>> {
  return {
    ...publicClient(CERTIFICATE_CLIENT_ID, "My company's signing application"),
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [publicKey] },
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    redirect_uris: ["http://localhost", "http://127.0.0.1", "http://[::1]"],
  };
}

/** A service account as the owner of its tokens; it asks for them elsewhere. */
export function serviceAccountClient(id: string): Readonly<Record<string, unknown>> {
  return { ...publicClient(id, "A service account"), grant_types: [], response_types: [], redirect_uris: [] };
}

/** Scheme, host and path count; the port does not for a loopback URI. @see RFC 8252 7.3 */
export function redirectAllowed(uri: string, registered: readonly string[]): boolean {
  return registered.some((allowed) => comparable(allowed) === comparable(uri));
}

function comparable(uri: string): string {
  if (!URL.canParse(uri)) return uri;
  const url = new URL(uri);
  if (LOOPBACK_HOSTS.has(url.hostname)) url.port = "";
  return url.href;
}

function publicClient(id: string, name: string) {
  return {
    client_id: id,
    client_name: name,
    application_type: "web",
    grant_types: ["authorization_code", "refresh_token", DEVICE_GRANT],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
}
