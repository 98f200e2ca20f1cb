/**
 * A service account's key file, as Google's console gives it out. Its private key goes to Web Crypto and nowhere else; no error quotes
 * the file, or a parser that has seen it.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/service-account
 */
import * as v from "valibot";
import { MailkeyError } from "../errors.ts";
import { readPrivateText } from "../platform/files.ts";
import { expandHome, type Environment } from "../platform/paths.ts";
import { algorithmsOf, importSigningKey, MAX_KEY_FILE_BYTES, readPrivateKeyPem } from "../platform/private-key.ts";
import { Secret } from "../platform/secret.ts";
import { shellLine } from "../platform/shell.ts";
import type { ResolvedAccount } from "./resolve.ts";

export interface ServiceAccount {
  /** Its own address, which is not a mailbox. */
  readonly email: string;
  /** The number by which an administrator delegates to it. */
  readonly clientId: string;
  readonly keyId: string;
  /** Private, for RS256. */
  readonly key: CryptoKey;
  readonly tokenEndpoint: string;
}

const text = v.pipe(v.string(), v.regex(/^[\u0020-\u007e]{1,400}$/));

const KeyFileSchema = v.object({
  type: v.literal("service_account"),
  client_email: text,
  client_id: text,
  private_key_id: text,
  private_key: v.string(),
  token_uri: v.pipe(text, v.url(), v.startsWith("https://")),
});

/** The key file's content. @throws ERR_CONFIG when there is no such file, ERR_UNTRUSTED_FILE when others can read it */
export function readServiceAccountFile(file: string, env: Environment): string {
  const content = readPrivateText(expandHome(file, env), "secret", MAX_KEY_FILE_BYTES);
  if (content === undefined) throw new MailkeyError("ERR_CONFIG", `the service account's key file is missing: ${file}`);
  return content;
}

/**
 * An account's service account, its key read from where the account keeps it.
 *
 * @param inVault what the credential holds, for `service_account = "vault"`
 * @throws ERR_CONFIG when the key should be there and is not, or is none; ERR_UNTRUSTED_FILE
 */
export async function serviceAccountOf(
  { account: { service_account: place }, address }: ResolvedAccount,
  inVault: string | undefined,
  env: Environment,
): Promise<ServiceAccount> {
  if (typeof place === "object") {
    return parseServiceAccount(new Secret(readServiceAccountFile(place.file, env)), place.file);
  }
  if (inVault !== undefined) return parseServiceAccount(new Secret(inVault), "the service account's key in the vault");
  throw new MailkeyError("ERR_CONFIG", "the service account's key is not in the vault", {
    hint: shellLine(["mailkey", "add", address, "--replace", "--service-account", "FILE"]),
  });
}

/**
 * @param where the file, for messages
 * @throws ERR_CONFIG naming what is missing
 */
export async function parseServiceAccount(content: Secret, where: string): Promise<ServiceAccount> {
  const fields = v.safeParse(KeyFileSchema, parsed(content, where));
  if (!fields.success) {
    const name = v.getDotPath(fields.issues[0]) ?? "everything";
    throw unusable(where, `it is no key file of a service account (see ${name})`);
  }
  const { client_email: email, client_id: clientId, private_key_id: keyId, token_uri: tokenEndpoint } = fields.output;
  const reading = readPrivateKeyPem(fields.output.private_key);
  if (reading.kind !== "key" || !algorithmsOf(reading.key).includes("RS256"))
    throw unusable(where, "the private key in it cannot be read, or is no RSA key of 2048 bits or more");
  return { email, clientId, keyId, tokenEndpoint, key: await importSigningKey(reading.key, "RS256") };
}

function parsed(content: Secret, where: string): unknown {
  try {
    return JSON.parse(content.reveal());
  } catch {
    throw unusable(where, "it is not JSON");
  }
}

function unusable(where: string, why: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `cannot use ${where}: ${why}`, {
    hint: "make a new key of type JSON at https://console.cloud.google.com/iam-admin/serviceaccounts",
  });
}
