/** The keys of the user's gpg: finding the one to encrypt to, and making one of mailkey's own. */
import { hostname, userInfo } from "node:os";
import { MailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import type { Secret } from "../platform/secret.ts";
import { run } from "../platform/process.ts";
import { shellLine } from "../platform/shell.ts";
import { peerText } from "../platform/text.ts";
import { runGpg, type Gpg, type GpgResult } from "./gpg-run.ts";

export interface GpgKey {
  /** Of the primary key. */
  readonly fingerprint: string;
  /** The first user id. */
  readonly userId: string;
  /** Can be encrypted to now: neither expired nor revoked nor disabled, with an encryption subkey. */
  readonly usable: boolean;
  /** Of the encryption (sub)keys: how gpg-agent names them. */
  readonly encryptionKeygrips: readonly string[];
  /** When it can be encrypted to no longer, in milliseconds since the Unix epoch; undefined for never. */
  readonly expiresAtMs: number | undefined;
}

/** Validity letters of keys that cannot be used. @see GnuPG doc/DETAILS, field 2 */
const UNUSABLE = new Set(["e", "r", "d", "i", "n"]);

/** The secret keys, in gpg's order, those on smartcards included. @param query what gpg takes for a key, or all */
export async function listSecretKeys(gpg: Gpg, query?: string): Promise<GpgKey[]> {
  const args = ["--with-colons", "--with-keygrip", "--list-secret-keys", ...(query === undefined ? [] : ["--", query])];
  const result = await runGpg(gpg, args);
  return parseListing(new TextDecoder().decode(result.stdout));
}

/**
 * The fingerprint that `query` (fingerprint, key id, address) stands for; it must be one key whose secret half is here.
 *
 * @throws ERR_VAULT_UNUSABLE
 */
export async function resolveRecipient(gpg: Gpg, query: string): Promise<GpgKey> {
  const found = await listSecretKeys(gpg, query);
  const usable = found.filter((key) => key.usable);
  const [key] = usable;
  if (key !== undefined && usable.length === 1) return key;
  if (usable.length > 1) {
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `gpg has ${usable.length} secret keys for ${query}`, {
      hint: `name one: ${usable.map(({ fingerprint }) => `--recipient ${fingerprint}`).join(" or ")}`,
    });
  }
  if (found.length > 0) {
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `the gpg key ${query} is expired, revoked or cannot encrypt`, {
      hint: `gpg --edit-key ${query}, or make one for mailkey: mailkey vault init gpg`,
    });
  }
  throw new MailkeyError("ERR_VAULT_UNUSABLE", `gpg has no secret key for ${query}`, {
    hint: "gpg --list-secret-keys, or make one for mailkey: mailkey vault init gpg",
  });
}

/** Whether the key is stored in the clear. Asks the agent, and nobody else. @see gpg-agent "HELP KEYINFO", field 7 */
export async function hasNoPassphrase({ env, homedir }: Gpg, key: GpgKey): Promise<boolean> {
  if (key.encryptionKeygrips.length === 0) return false;
  const commands = key.encryptionKeygrips.map((grip) => `KEYINFO ${grip}`);
  const where = homedir === undefined ? [] : ["--homedir", homedir];
  const { status, stdout } = await run("gpg-connect-agent", [...where, ...commands, "/bye"], { env });
  if (status !== 0) return false;
  const lines = new TextDecoder().decode(stdout).split("\n");
  const infos = lines.filter((line) => line.startsWith("S KEYINFO ")).map((line) => line.split(" "));
  return infos.length === commands.length && infos.every((fields) => fields[7] === "C");
}

/** For two years: the primary key, and the subkeys that encrypt, which end on their own. gpg's `*` leaves out what has expired. */
export async function extensionLines(gpg: Gpg, recipient: string): Promise<string[]> {
  const listing = await runGpg(gpg, ["--with-colons", "--list-keys", "--", recipient]);
  const subkeys = encryptionSubkeys(new TextDecoder().decode(listing.stdout));
  const where = gpg.homedir === undefined ? [] : ["--homedir", gpg.homedir];
  const words = [gpg.program, ...where, "--quick-set-expire", recipient, "2y"];
  return [shellLine(words), ...(subkeys.length === 0 ? [] : [shellLine([...words, ...subkeys])])];
}

/** Fingerprints of those that are not revoked. */
function encryptionSubkeys(listing: string): string[] {
  let wanted = false;
  return listing.split("\n").flatMap((line) => {
    const [type, validity, , , , , , , , value = "", , capabilities = ""] = line.split(":");
    if (type === "sub" || type === "pub") wanted = type === "sub" && validity !== "r" && capabilities.includes("e");
    return type === "fpr" && wanted ? [value] : [];
  });
}

/**
 * Makes a key for nothing but this vault: ed25519 with a cv25519 subkey for encryption, no expiry. It stays in the user's
 * GNUPGHOME. The passphrase goes through a pipe; without one the key lies unencrypted in the agent's folder (0600).
 *
 * @throws ERR_VAULT_UNUSABLE
 */
export async function createGpgKey(gpg: Gpg, passphrase: Secret | undefined): Promise<GpgKey> {
  const lines = [
    ...(passphrase === undefined ? ["%no-protection"] : []),
    "Key-Type: eddsa",
    "Key-Curve: ed25519",
    "Key-Usage: cert,sign",
    "Subkey-Type: ecdh",
    "Subkey-Curve: cv25519",
    "Subkey-Usage: encrypt",
    "Name-Real: mailkey vault",
    `Name-Comment: ${owner(gpg.env)}`,
    "Expire-Date: 0",
    "%commit",
  ];
  const result = await runGpg(gpg, ["--generate-key"], { input: `${lines.join("\n")}\n`, passphrase });
  const fingerprint = result.statuses.find(({ keyword }) => keyword === "KEY_CREATED")?.words[1];
  if (result.status !== 0 || fingerprint === undefined) throw notCreated(result);
  return resolveRecipient(gpg, fingerprint);
}

/** Whose vault, and on which machine: two machines' keys should be told apart in one keyring. */
function owner(env: Environment): string {
  const user = env["USER"] ?? env["LOGNAME"] ?? userInfo().username;
  return `${user}@${hostname()}`.replace(/[^A-Za-z0-9@._-]/g, "-");
}

function notCreated(result: GpgResult): MailkeyError {
  const words = result.stderr.split("\n").findLast((line) => line.startsWith("gpg: ")) ?? "it said nothing";
  return new MailkeyError("ERR_VAULT_UNUSABLE", `gpg cannot make a key: ${peerText(words, 200)}`, {
    hint: "see whether its agent runs: gpg-connect-agent /bye",
    details: { status: result.status },
  });
}

/** @see GnuPG doc/DETAILS, "Format of the colon listings" */
function parseListing(listing: string): GpgKey[] {
  const keys: ListedKey[] = [];
  let encrypts = false;
  for (const fields of listing.split("\n").map((line) => line.split(":"))) {
    const [type, validity = "", , , , , expires = "", , , value = "", , capabilities = ""] = fields;
    const key = keys.at(-1);
    if (type === "sec") {
      // An upper-case letter tells what the whole key can do now; D is disabled.
      const usable = capabilities.includes("E") && !capabilities.includes("D") && !UNUSABLE.has(validity);
      keys.push({
        fingerprint: "",
        userId: "",
        usable,
        encryptionKeygrips: [],
        ends: secondsToMs(expires),
        encryptionEnds: [],
      });
    }
    if (type === "sec" || type === "ssb") {
      encrypts = capabilities.includes("e") && !UNUSABLE.has(validity);
      if (encrypts) keys.at(-1)?.encryptionEnds.push(secondsToMs(expires));
    }
    if (key === undefined) continue;
    if (type === "fpr" && key.fingerprint === "") key.fingerprint = value;
    if (type === "grp" && encrypts) key.encryptionKeygrips.push(value);
    if (type === "uid" && key.userId === "") key.userId = value;
  }
  return keys.map(({ fingerprint, userId, usable, encryptionKeygrips, ends, encryptionEnds }) => {
    const end = Math.min(ends, Math.max(0, ...encryptionEnds));
    return { fingerprint, userId, usable, encryptionKeygrips, expiresAtMs: Number.isFinite(end) ? end : undefined };
  });
}

interface ListedKey extends Omit<GpgKey, "expiresAtMs" | "encryptionKeygrips"> {
  fingerprint: string;
  userId: string;
  readonly encryptionKeygrips: string[];
  /** Of the primary key, without which no other counts. */
  readonly ends: number;
  /** Of the keys that can be encrypted to: the last of them decides. */
  readonly encryptionEnds: number[];
}

/** Infinity for an empty field, which means never. */
function secondsToMs(field: string): number {
  return field === "" ? Infinity : Number(field) * 1000;
}
