/**
 * An account file: what the user configured for one mailbox. Nothing in it is secret.
 *
 * This module is the file's schema. There are two forms: an account with a client of its own, and a mailbox that is opened with the
 * credential of another account. `resolve.ts` combines either with its provider's facts.
 */
import * as v from "valibot";
import { withoutControls } from "../platform/text.ts";

const url = v.pipe(v.string(), v.check(isHttpsUrl, "must be an https:// URL"));
const command = v.pipe(v.string(), v.nonEmpty("must not be empty"));
const server = v.strictObject({
  host: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:-]+$/, "must be a host name")),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
  security: v.picklist(["tls", "starttls"]),
});

const servers = v.strictObject({ imap: v.optional(server), pop: v.optional(server), smtp: v.optional(server) });
const address = v.pipe(
  v.string(),
  v.regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address"),
  v.check(isPrintable, "must be an e-mail address"),
);
const user = v.pipe(v.string(), v.nonEmpty("must be a user name"), v.check(isPrintable, "must be a user name"));
const tokenFile = v.optional(v.boolean());
const elsewhere = [v.strictObject({ file: v.string() }), v.strictObject({ command })] as const;

/** What a confidential client signs with instead of sending a secret. @see RFC 7523 2.2 */
const clientKey = v.strictObject({
  /** PEM: PKCS#8, encrypted or not, or what openssl wrote before that. */
  file: v.string(),
  /** PEM; may be the same file. The provider finds the key by it. */
  certificate: v.optional(v.string()),
  /** The key's name at a provider that gives keys names. */
  id: v.optional(v.string()),
  /** Of an encrypted key. Absent: asked for at a terminal. */
  passphrase: v.optional(v.union(elsewhere)),
});

const accountEntries = v.strictObject({
  /** The mailbox, as mail programs name it. */
  address,
  /** A provider id of the registry, or `custom`. */
  provider: v.string(),
  /** SASL user name, when it is not the address. */
  user: v.optional(user),
  /** Who signs in, when it is not the address: a delegate of a shared mailbox, or the primary alias. */
  login: v.optional(v.string()),
  /** The application acts in its own name (RFC 6749 4.4). Absent: a person signs in. */
  grant: v.optional(v.literal("client_credentials")),
  /** The domain all of whose mailboxes the application's token opens in the proxy, those without an account file of their own. */
  catch_all: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9.-]+$/, "must be a domain"))),
  /** A service account acts for the mailbox (RFC 7523 2.1). Its key: in the vault, or the file that the provider gave out. */
  service_account: v.optional(v.union([v.literal("vault"), v.strictObject({ file: v.string() })])),
  client: v.strictObject({
    id: v.pipe(v.string(), v.nonEmpty("must not be empty")),
    /** Whose registration it is: a preset of the provider's, or absent for the user's own. */
    preset: v.optional(v.string()),
    /** A confidential client's secret: in the vault, a private file, or printed by a command. Absent: a public client. */
    secret: v.optional(v.union([v.literal("vault"), ...elsewhere])),
    /** A confidential client's key, in the place of a secret. */
    key: v.optional(clientKey),
    /** When secret or key come to their end, as the provider said; a certificate says it itself. */
    expires: v.optional(v.pipe(v.string(), v.check(isDate, "must be a date like 2027-01-31"))),
    /** Overrides the preset's; a loopback URI without a port stands for any port. */
    redirect_uris: v.optional(v.array(v.string())),
  }),
  /** Scopes to ask for instead of the provider's, by resource. */
  scopes: v.optional(v.record(v.string(), v.array(v.string()))),
  endpoints: v.optional(
    v.strictObject({
      authorization: v.optional(url),
      token: v.optional(url),
      device: v.optional(url),
      revocation: v.optional(url),
      userinfo: v.optional(url),
      issuer: v.optional(url),
    }),
  ),
  servers: v.optional(servers),
  /** The agent keeps an access token in a file in memory, for programs that read one. */
  token_file: tokenFile,
});

export const AccountSchema = v.pipe(
  accountEntries,
  v.forward(
    v.partialCheck(
      [["catch_all"], ["grant"]],
      ({ catch_all: domain, grant }) => domain === undefined || grant === "client_credentials",
      'is for grant = "client_credentials" only: all other tokens open one mailbox each',
    ),
    ["catch_all"],
  ),
);

/** A mailbox that is opened with another account's credential: one sign-in, several mailboxes. */
const SharedMailboxSchema = v.strictObject({
  address,
  /** The address of the account that signs in; its provider, client and scopes are this mailbox's too. */
  credential: address,
  /** SASL user name, when it is not the address. */
  user: v.optional(user),
  servers: v.optional(servers),
  token_file: tokenFile,
});

/** Either form; which one is told by `credential`, so that mistakes are named by the form that was meant. */
export const AccountFileSchema = v.lazy((file) =>
  typeof file === "object" && file !== null && "credential" in file ? SharedMailboxSchema : AccountSchema,
);

export type Account = v.InferOutput<typeof AccountSchema>;
export type SharedMailbox = v.InferOutput<typeof SharedMailboxSchema>;
export type AccountFile = Account | SharedMailbox;

export function isShared(file: AccountFile): file is SharedMailbox {
  return "credential" in file;
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

function isPrintable(text: string): boolean {
  return withoutControls(text) === text;
}

function isHttpsUrl(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === "https:";
}
