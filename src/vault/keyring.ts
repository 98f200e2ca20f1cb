/**
 * The keyring vault. The keyring of the operating system holds one small item: an age identity. The credentials are files,
 * encrypted to it.
 *
 * Why not the credentials themselves: Windows takes 2,560 bytes an item and tokens are longer; keyrings replace items without
 * a promise about power cuts, files are replaced atomically; and both runtimes and all systems share one format. Encrypting
 * needs only the public half, so that a renewed credential can be stored while the keyring is locked.
 */
import { MailkeyError } from "../errors.ts";
import { Secret } from "../platform/secret.ts";
import { generateIdentity, parseIdentities, recipientOf } from "./age-identity.ts";
import { ageIdentityCipher } from "./age.ts";
import type { KeyringBackend } from "./keyring/backend.ts";
import type { Cipher } from "./vault.ts";

export function keyringCipher(backend: () => Promise<KeyringBackend>, recipient: string): Cipher {
  let known: readonly string[] | undefined;
  return ageIdentityCipher({
    kind: "keyring",
    description: `keyring of the operating system, key ${recipient.slice(0, 16)}…`,
    recipient,
    where: "the keyring",
    async identities() {
      known ??= await identitiesIn(await backend());
      return known;
    },
  });
}

/**
 * The public half of the key in the keyring, made when there is none. A key that is there is kept: other credentials may
 * depend on it.
 *
 * @throws ERR_VAULT_LOCKED, ERR_VAULT_UNUSABLE
 */
export async function ensureKeyringKey(backend: KeyringBackend): Promise<{ recipient: string; created: boolean }> {
  const where = `the ${backend.name}`;
  const present = await backend.get();
  if (present !== undefined) {
    const [identity = ""] = parseIdentities(present.reveal(), where);
    return { recipient: await recipientOf(identity, where), created: false };
  }
  const identity = new Secret(await generateIdentity());
  await backend.set(identity);
  const stored = await backend.get();
  if (stored === undefined || !stored.equals(identity))
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `${where} did not keep the key that was stored in it`);
  return { recipient: await recipientOf(identity.reveal(), where), created: true };
}

async function identitiesIn(backend: KeyringBackend): Promise<string[]> {
  const item = await backend.get();
  if (item === undefined) {
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `mailkey's key is not in the ${backend.name}`, {
      hint: "restore the keyring from a backup; if it is lost: mailkey vault init keyring --leave-behind, then sign in again",
      details: { reason: "no_key" },
    });
  }
  return parseIdentities(item.reveal(), `the ${backend.name}`);
}
