/** Tries a cipher out before credentials are entrusted to it. */
import { randomBytes } from "node:crypto";
import { MailkeyError } from "../errors.ts";
import type { Cipher } from "./vault.ts";

/** Encrypts and decrypts some noise. May prompt. @throws what the cipher throws, ERR_VAULT_UNUSABLE when it garbles */
export async function probeCipher(cipher: Cipher): Promise<void> {
  const noise = randomBytes(1024);
  const back = await cipher.decrypt(await cipher.encrypt(noise));
  if (Buffer.compare(noise, back) === 0) return;
  throw new MailkeyError("ERR_VAULT_UNUSABLE", `what ${cipher.description} encrypts, it does not decrypt to the same`);
}
