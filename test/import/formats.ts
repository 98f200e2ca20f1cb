/** Files as the tools themselves write them, with secrets made up here. */
import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

export interface Secrets {
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly clientSecret: string;
}

export function newSecrets(): Secrets {
  const secret = (name: string) => `${name}.${randomBytes(24).toString("base64url")}`;
  return { refreshToken: secret("refresh"), accessToken: secret("access"), clientSecret: secret("GOCSPX") };
}

const GOOGLE = { auth: "https://accounts.google.com/o/oauth2/auth", token: "https://oauth2.googleapis.com/token" };
const MICROSOFT = "https://login.microsoftonline.com/common/oauth2/v2.0";

/** @see getmail-gmail-xoauth-tokens: it adds the tokens to what the user wrote */
export function getmailJson({ refreshToken, accessToken, clientSecret }: Secrets, changes: object = {}): string {
  return JSON.stringify({
    scope: "https://mail.google.com/",
    user: "anna@gmail.com",
    client_id: "123.apps.googleusercontent.com",
    client_secret: clientSecret,
    token_uri: GOOGLE.token,
    auth_uri: GOOGLE.auth,
    access_token: accessToken,
    expires_at: Date.now() / 1000 + 3000.5,
    refresh_token: refreshToken,
    ...changes,
  });
}

/** @see `TokenStore::Write` of sasl-xoauth2: jsoncpp indents with tabs, and the number is a string */
export function saslTokens({ refreshToken, accessToken }: Secrets, changes: object = {}): string {
  const expiry = String(Math.floor(Date.now() / 1000) + 3000);
  return `${JSON.stringify({ access_token: accessToken, expiry, refresh_token: refreshToken, ...changes }, null, "\t")}\n`;
}

/** @see `AuthRecord` of oama, as aeson writes it */
export function oamaRecord({ refreshToken, accessToken }: Secrets, changes: object = {}): string {
  const end = new Date(Date.now() + 50 * 60_000).toISOString();
  return JSON.stringify({
    access_token: accessToken,
    email: "anna@gmail.com",
    exp_date: `${end.slice(0, 10)} ${end.slice(11, 16)} UTC`,
    expires_in: 3599,
    refresh_token: refreshToken,
    scope: "https://mail.google.com/",
    service: "google",
    token_type: "Bearer",
    ...changes,
  });
}

/** @see `oama template` */
export function oamaConfiguration({ clientSecret }: Secrets, encryption = "tag: GPG\n  contents: 0123ABCD"): string {
  return `## oama version 0.22
## Possible options for keeping refresh and access tokens:
encryption:
  ${encryption}

services:
  google:
    client_id: 123.apps.googleusercontent.com
    client_secret: ${clientSecret}
  #  auth_scope: https://mail.google.com/
  microsoft:
    client_id: my-own-client
    auth_scope: https://outlook.office.com/IMAP.AccessAsUser.All
      https://outlook.office.com/SMTP.Send
      offline_access
    tenant: example.org
`;
}

/** @see examples/pizauth.conf */
export function pizauthConfiguration({ clientSecret }: Secrets): string {
  return `// If using systemd, comment out the following line
// startup_cmd="systemd-notify --ready --pid=parent";
auth_notify_cmd = "notify-send \\"$PIZAUTH_ACCOUNT\\"";
refresh_at_least = 90m;

account "officesmtp" {
    auth_uri = "${MICROSOFT}/authorize";
    token_uri = "${MICROSOFT}/token";
    client_id = "my-own-client"; // Fill in with your Client ID
    client_secret = "${clientSecret}"; // and secret
    scopes = [
      "https://outlook.office365.com/IMAP.AccessAsUser.All",
      "https://outlook.office365.com/SMTP.Send",
      "offline_access"
    ];
    auth_uri_fields = { "login_hint": "anna@example.org", "prompt": "select_account" };
}
account "ben@gmail.com" {
    auth_uri = "${GOOGLE.auth}";
    token_uri = "${GOOGLE.token}";
    client_id = "123.apps.googleusercontent.com";
    scopes = ["https://mail.google.com/"];
}
`;
}

/** @see aerc-imap(5) */
export function aercAccounts({ refreshToken, clientSecret }: Secrets): string {
  const query = new URLSearchParams({
    client_id: "123.apps.googleusercontent.com",
    client_secret: clientSecret,
    token_endpoint: "https://accounts.google.com/o/oauth2/token",
    scope: "https://mail.google.com/",
  });
  return `# accounts
[Personal]
source        = imaps+oauthbearer://anna%40gmail.com:${encodeURIComponent(refreshToken)}@imap.gmail.com:993?${query.toString()}
outgoing      = smtps+oauthbearer://anna%40gmail.com:${encodeURIComponent(refreshToken)}@smtp.gmail.com:465?${query.toString()}
default       = INBOX
from          = Anna Example <anna@gmail.com>

[Command]
source          = imaps+xoauth2://ben%40example.org@outlook.office365.com?client_id=my-own-client&token_endpoint=${encodeURIComponent(`${MICROSOFT}/token`)}
source-cred-cmd = echo ${refreshToken}
from            = Ben <ben@example.org>

[Plain]
source   = imaps://carl:hunter2@mail.example.net
from     = carl@example.net
`;
}

/** @see config.sample.toml of himalaya 1.1 */
export function himalayaConfiguration({ refreshToken, accessToken, clientSecret }: Secrets): string {
  return `[accounts.personal]
default = true
email = "anna@gmail.com"
backend.type = "imap"
backend.host = "imap.gmail.com"
backend.port = 993
backend.encryption.type = "tls"
backend.login = "anna@gmail.com"
backend.auth.type = "oauth2"
backend.auth.method = "xoauth2"
backend.auth.client-id = "123.apps.googleusercontent.com"
backend.auth.client-secret.raw = "${clientSecret}"
backend.auth.access-token.raw = "${accessToken}"
backend.auth.refresh-token.raw = "${refreshToken}"
backend.auth.auth-url = "https://accounts.google.com/o/oauth2/v2/auth"
backend.auth.token-url = "https://www.googleapis.com/oauth2/v3/token"
backend.auth.pkce = true
backend.auth.scope = "https://mail.google.com/"

[accounts.work]
email = "ben@example.org"
backend.type = "imap"
backend.host = "outlook.office365.com"
backend.port = 993
backend.login = "ben@example.org"
backend.auth.type = "oauth2"
backend.auth.client-id = "my-own-client"
backend.auth.client-secret.cmd = "pass show client"
backend.auth.refresh-token.cmd = "echo ${refreshToken}"
backend.auth.auth-url = "${MICROSOFT}/authorize"
backend.auth.token-url = "${MICROSOFT}/token"
backend.auth.scopes = ["https://outlook.office365.com/IMAP.AccessAsUser.All"]
message.send.backend.type = "smtp"
message.send.backend.host = "smtp.office365.com"
message.send.backend.port = 587
message.send.backend.encryption.type = "start-tls"
message.send.backend.login = "ben@example.org"
message.send.backend.auth.type = "oauth2"
message.send.backend.auth.client-id = "my-own-client"
message.send.backend.auth.token-url = "${MICROSOFT}/token"
message.send.backend.auth.scopes = ["https://outlook.office365.com/SMTP.Send"]
`;
}

export interface ProxyOptions {
  readonly password: string;
  /** Not written into the file when it is what the proxy used before it wrote it. */
  readonly iterations?: number;
  readonly address?: string;
  readonly tokenUrl?: string;
  readonly permissionUrl?: string;
  readonly clientId?: string;
  readonly scope?: string;
}

/** @see emailproxy.config: as Python's configparser writes it, tokens in the account's section */
export function proxyConfiguration(secrets: Secrets, options: ProxyOptions): string {
  const { password, iterations = 100_000, address = "anna@gmail.com" } = options;
  const salt = randomBytes(16);
  const key = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  return `[Server setup]
documentation = Local servers are specified as demonstrated below where, for example, the section heading [IMAP-1993]
\tgives the type. The
\t
\tlocal port = must be above 1023.

[IMAP-2993]
server_address = imap.gmail.com
server_port = 993

[SMTP-1587]
server_address = smtp.office365.com
server_port = 587
starttls = True

[Account setup]
documentation = Accounts are specified using your email address as the section heading

[@gmail.com]
permission_url = ${options.permissionUrl ?? GOOGLE.auth}
token_url = ${options.tokenUrl ?? GOOGLE.token}
oauth2_scope = ${options.scope ?? "https://mail.google.com/"}
redirect_uri = http://localhost
client_id = ${options.clientId ?? "123.apps.googleusercontent.com"}
client_secret = ${secrets.clientSecret.replaceAll("%", "%%")}

[${address}]
${
  address.endsWith("@gmail.com")
    ? ""
    : `permission_url = ${options.permissionUrl ?? GOOGLE.auth}
token_url = ${options.tokenUrl ?? GOOGLE.token}
oauth2_scope = ${options.scope ?? "https://mail.google.com/"}
redirect_uri = http://localhost
client_id = ${options.clientId ?? "123.apps.googleusercontent.com"}
`
}token_salt = ${salt.toString("base64")}
${iterations === 100_000 ? "" : `token_iterations = ${iterations}\n`}access_token = ${fernet(secrets.accessToken, key)}
access_token_expiry = ${Math.floor(Date.now() / 1000) + 3000}
refresh_token = ${fernet(secrets.refreshToken, key)}
last_activity = ${Math.floor(Date.now() / 1000)}

[your.office365.address@example.com]
permission_url = ${MICROSOFT}/authorize
token_url = ${MICROSOFT}/token
oauth2_scope = https://outlook.office365.com/IMAP.AccessAsUser.All offline_access
redirect_uri = http://localhost
client_id = *** your client id here ***
client_secret = *** your client secret here ***

[robot@example.org]
token_url = https://login.microsoftonline.com/example.org/oauth2/v2.0/token
oauth2_scope = https://outlook.office365.com/.default
oauth2_flow = client_credentials
redirect_uri = http://localhost
client_id = my-own-robot
client_secret = ${secrets.clientSecret.replaceAll("%", "%%")}

[emailproxy]
delete_account_token_on_password_error = False
`;
}

/** A Fernet token, padded as Python writes it. @see https://github.com/fernet/spec */
export function fernet(message: string, key: Uint8Array): string {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)));
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-cbc", key.subarray(16), iv);
  const signed = Buffer.concat([Buffer.of(0x80), time, iv, cipher.update(message, "utf8"), cipher.final()]);
  const token = Buffer.concat([signed, createHmac("sha256", key.subarray(0, 16)).update(signed).digest()]);
  return token.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}
