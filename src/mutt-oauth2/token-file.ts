/**
 * The script's token file: one JSON object, encrypted by a pipe. It is written so that the script goes on reading it, and everything in it
 * that is not ours to change is kept, unknown fields and their order included.
 *
 * mailkey adds one field, `mailkey`: the exact lifetime of the access token, which the script's own local time cannot tell. It counts only
 * beside the very expiration that it was written for; the script carries it along without looking at it.
 */
import { statSync } from "node:fs";
import * as v from "valibot";
import { MailkeyError } from "../errors.ts";
import { fileStamp, readPrivateFile, replaceFile } from "../platform/files.ts";
import { Secret } from "../platform/secret.ts";
import type { StoredAccessToken } from "../tokens/credential.ts";
import { formatExpiration, lifetimeOf, type Lifetime } from "./expiration.ts";
import { decrypt, encrypt, type Pipes } from "./pipes.ts";

const text = v.optional(v.string(), "");
/** Files of the older script have no client; files edited by hand may lack more. */
const FieldsSchema = v.looseObject({
  registration: text,
  authflow: text,
  email: text,
  access_token: text,
  access_token_expiration: text,
  refresh_token: text,
  client_id: text,
  client_secret: text,
});

const NoteSchema = v.object({
  expiration: v.string(),
  obtainedAt: v.object({ wallMs: v.number(), boot: v.optional(v.object({ id: v.string(), ms: v.number() })) }),
  lifetimeSeconds: v.number(),
});

/** The object in the file, as it is. Secret as a whole. */
export type Fields = Readonly<Record<string, unknown>>;

export interface TokenFile {
  readonly path: string;
  readonly fields: Fields;
  readonly registration: string;
  readonly authflow: string;
  readonly email: string;
  readonly clientId: string;
  /** Undefined for a public client: the script stores an empty one. */
  readonly clientSecret: Secret | undefined;
  readonly refreshToken: Secret | undefined;
  /** The access token with what is known of its lifetime; undefined when there is none, or nothing is known. */
  readonly accessToken: StoredAccessToken | undefined;
  readonly writtenAtMs: number;
  /** Changes whenever the file is replaced. */
  readonly stamp: string | undefined;
}

/**
 * @returns undefined when there is no such file, or one that holds nothing yet
 * @throws ERR_UNTRUSTED_FILE, ERR_STORAGE, ERR_PROGRAM, ERR_VAULT_LOCKED, ERR_VAULT_DAMAGED
 */
export async function readTokenFile(path: string, pipes: Pipes): Promise<TokenFile | undefined> {
  const stamp = fileStamp(path); // before reading: a replacement in between is then noticed
  const ciphertext = readPrivateFile(path, "secret");
  if (ciphertext === undefined) return undefined;
  // The script leaves an empty file behind when its encryption fails. A pipe of the user's own may keep all elsewhere.
  if (ciphertext.length === 0 && pipes.decryption === undefined) return undefined;
  const writtenAtMs = statSync(path).mtimeMs;
  const fields = parseFields(path, await decrypt(ciphertext, path, pipes));
  return Object.keys(fields).length === 0 ? undefined : interpret(path, fields, writtenAtMs, stamp);
}

/** Writes the file anew, readable by its owner only. @returns what is in it now. @throws ERR_STORAGE and the pipe's errors, the old file intact */
export async function writeTokenFile(path: string, fields: Fields, pipes: Pipes): Promise<TokenFile> {
  const plaintext = new TextEncoder().encode(pythonJson(fields));
  replaceFile(path, await encrypt(plaintext, path, pipes), "as-is");
  return interpret(path, fields, Date.now(), fileStamp(path));
}

/** The fields of a new file, in the script's order. */
export function newFields(
  answers: Readonly<Record<"registration" | "authflow" | "email" | "client_id" | "client_secret", string>>,
): Fields {
  const { registration, authflow, email, client_id, client_secret } = answers;
  const tokens = { access_token: "", access_token_expiration: "", refresh_token: "" };
  return { registration, authflow, email, ...tokens, client_id, client_secret };
}

/** The fields after tokens were granted. A server that sends no refresh token keeps the old one valid (RFC 6749 6). */
export function withTokens(
  fields: Fields,
  tokens: { readonly accessToken: Secret; readonly refreshToken: Secret | undefined } & Lifetime,
): Fields {
  const { obtainedAt, lifetimeSeconds } = tokens;
  const expiration = formatExpiration(obtainedAt.wallMs + lifetimeSeconds * 1000);
  return {
    ...fields,
    access_token: tokens.accessToken.reveal(),
    access_token_expiration: expiration,
    ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken.reveal() }),
    mailkey: { expiration, obtainedAt, lifetimeSeconds },
  };
}

/** What a decrypted file says. @throws ERR_VAULT_DAMAGED */
export function parseTokenFile(path: string, plaintext: Uint8Array, writtenAtMs: number): TokenFile {
  return interpret(path, parseFields(path, plaintext), writtenAtMs, undefined);
}

function parseFields(path: string, plaintext: Uint8Array): Fields {
  try {
    const fields: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plaintext));
    v.assert(FieldsSchema, fields);
    return fields;
  } catch {
    // The cause is left out on purpose: a parser's message quotes what it stumbled over.
    throw new MailkeyError("ERR_VAULT_DAMAGED", `what ${path} decrypts to is not a token file of mutt_oauth2.py`, {
      hint: "move it away and run again with --authorize",
    });
  }
}

function interpret(path: string, fields: Fields, writtenAtMs: number, stamp: string | undefined): TokenFile {
  const { registration, authflow, email, ...known } = v.parse(FieldsSchema, fields);
  const lifetime =
    notedLifetime(fields, known.access_token_expiration) ?? lifetimeOf(known.access_token_expiration, writtenAtMs);
  return {
    path,
    fields,
    registration,
    authflow,
    email,
    clientId: known.client_id,
    clientSecret: secretOf(known.client_secret),
    refreshToken: secretOf(known.refresh_token),
    accessToken:
      known.access_token === "" || lifetime === undefined
        ? undefined
        : { token: known.access_token, scope: "", ...lifetime },
    writtenAtMs,
    stamp,
  };
}

function notedLifetime(fields: Fields, expiration: string): Lifetime | undefined {
  const note = v.safeParse(NoteSchema, fields["mailkey"]);
  if (!note.success || note.output.expiration !== expiration) return undefined;
  const { boot, wallMs } = note.output.obtainedAt;
  return {
    obtainedAt: boot === undefined ? { wallMs } : { wallMs, boot },
    lifetimeSeconds: note.output.lifetimeSeconds,
  };
}

function secretOf(value: string): Secret | undefined {
  return value === "" ? undefined : new Secret(value);
}

/** JSON as Python's `json.dumps` spells it, for whatever people do to the decrypted file with grep and sed. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${pythonJson(key)}: ${pythonJson(member)}`)
      .join(", ")}}`;
  }
  const json = JSON.stringify(value) ?? "null";
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
