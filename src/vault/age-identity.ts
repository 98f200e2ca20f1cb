/**
 * Age identities: what an identity file may hold, and making a new one. A message never quotes a line of such a file.
 *
 * Identities of plugins and SSH keys are left out on purpose: they need programs of their own, which the command vault
 * can run through `age` itself.
 */
import { MailkeyError } from "../errors.ts";
import { readPrivateText, replaceFile } from "../platform/files.ts";

const X25519 = /^AGE-SECRET-KEY-1[A-Z0-9]+$/;
const POST_QUANTUM = /^AGE-SECRET-KEY-PQ-1[A-Z0-9]+$/;

/**
 * Reads an identity file as `age-keygen` writes it: one identity per line, comments after `#`. The first one is encrypted to,
 * all are tried for decrypting.
 *
 * @returns at least one identity
 * @throws ERR_VAULT_UNUSABLE when it is missing or holds something else, ERR_UNTRUSTED_FILE, ERR_STORAGE
 */
export function readIdentityFile(path: string): string[] {
  const text = readPrivateText(path, "secret");
  if (text === undefined) {
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `the age identity ${path} does not exist`, {
      hint: "restore it from a backup; if it is lost: mailkey vault init age --leave-behind, then sign in again",
    });
  }
  return parseIdentities(text, path);
}

/** @throws ERR_VAULT_UNUSABLE */
export function parseIdentities(text: string, where: string): string[] {
  const identities: string[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (!X25519.test(line) && !POST_QUANTUM.test(line)) throw notSupported(line, `${where}, line ${index + 1}`);
    identities.push(line);
  }
  if (identities.length === 0) throw new MailkeyError("ERR_VAULT_UNUSABLE", `${where} holds no age identity`);
  return identities;
}

/** @throws ERR_VAULT_UNUSABLE when a checksum is wrong */
export async function recipientOf(identity: string, where: string): Promise<string> {
  const { identityToRecipient } = await import("age-encryption");
  try {
    return await identityToRecipient(identity);
  } catch {
    // The cause is left out on purpose: it may quote the identity.
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `the age identity in ${where} is damaged: its checksum is wrong`);
  }
}

export async function generateIdentity(): Promise<string> {
  const { generateX25519Identity } = await import("age-encryption");
  return generateX25519Identity();
}

/** An identity with the comments that `age-keygen` writes above it. */
export async function renderIdentity(identity: string, now: Date): Promise<string> {
  const recipient = await recipientOf(identity, "the new identity");
  return `# created: ${now.toISOString().slice(0, 19)}Z\n# public key: ${recipient}\n${identity}\n`;
}

/**
 * Makes an identity file (0600), or keeps the one that is there: other files may be encrypted to it.
 *
 * @returns its recipient, and whether it is new
 * @throws ERR_VAULT_UNUSABLE when the file that is there is no identity, ERR_UNTRUSTED_FILE, ERR_STORAGE
 */
export async function ensureIdentityFile(path: string, now: Date): Promise<{ recipient: string; created: boolean }> {
  const text = readPrivateText(path, "secret");
  if (text !== undefined) {
    const [first = ""] = parseIdentities(text, path);
    return { recipient: await recipientOf(first, path), created: false };
  }
  const identity = await generateIdentity();
  replaceFile(path, await renderIdentity(identity, now));
  return { recipient: await recipientOf(identity, path), created: true };
}

function notSupported(line: string, where: string): MailkeyError {
  const what = line.startsWith("AGE-PLUGIN-")
    ? "an identity of an age plugin"
    : line.startsWith("-----BEGIN OPENSSH PRIVATE KEY")
      ? "an SSH key"
      : line.startsWith("-----BEGIN AGE ENCRYPTED FILE") || line.startsWith("age-encryption.org/")
        ? "an identity encrypted with a passphrase"
        : undefined;
  if (what === undefined) return new MailkeyError("ERR_VAULT_UNUSABLE", `${where}: this is no age identity`);
  return new MailkeyError("ERR_VAULT_UNUSABLE", `${where}: this is ${what}, which only the age program can use`, {
    hint: `mailkey vault use command --encrypt 'age -e -i FILE' --decrypt 'age -d -i FILE'`,
  });
}
