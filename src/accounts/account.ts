/**
 * An account file: what the user configured for one mailbox. Nothing in it is secret.
 *
 * This module is the file's schema. `resolve.ts` combines an account with its provider's facts.
 */
import * as v from "valibot";

const url = v.pipe(v.string(), v.check(isHttpsUrl, "must be an https:// URL"));
const command = v.pipe(v.string(), v.nonEmpty("must not be empty"));
const server = v.strictObject({
  host: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:-]+$/, "must be a host name")),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
  security: v.picklist(["tls", "starttls"]),
});

export const AccountSchema = v.strictObject({
  /** The mailbox, as mail programs name it. */
  address: v.pipe(
    v.string(),
    v.regex(/^[^\s@\u0000-\u001f\u007f]+@[^\s@\u0000-\u001f\u007f]+$/, "must be an e-mail address"),
  ),
  /** A provider id of the registry, or `custom`. */
  provider: v.string(),
  /** SASL user name, when it is not the address. */
  user: v.optional(v.pipe(v.string(), v.regex(/^[^\u0000-\u001f\u007f]+$/, "must be a user name"))),
  /** Who signs in, when it is not the address: a delegate of a shared mailbox, or the primary alias. */
  login: v.optional(v.string()),
  client: v.strictObject({
    id: v.pipe(v.string(), v.nonEmpty("must not be empty")),
    /** Whose registration it is: a preset of the provider's, or absent for the user's own. */
    preset: v.optional(v.string()),
    /** A confidential client's secret: in the vault, a private file, or printed by a command. Absent: a public client. */
    secret: v.optional(
      v.union([v.literal("vault"), v.strictObject({ file: v.string() }), v.strictObject({ command })]),
    ),
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
  servers: v.optional(v.strictObject({ imap: v.optional(server), pop: v.optional(server), smtp: v.optional(server) })),
});

export type Account = v.InferOutput<typeof AccountSchema>;

function isHttpsUrl(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === "https:";
}
