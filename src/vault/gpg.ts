/**
 * The gpg cipher: the user's own gpg with their agent and keys. Reading is one run of gpg, writing another; what they cost is
 * gpg's start and the agent's answer.
 *
 * The recipient is given by fingerprint and trusted as given (`--trust-model always`): it was resolved when the vault was set
 * up. Looking keys up elsewhere is off, which would start dirmngr and ask the network.
 */
import type { Environment } from "../platform/paths.ts";
import type { Secret } from "../platform/secret.ts";
import { decryptFailure, encryptFailure } from "./gpg-failure.ts";
import { runGpg, type Gpg } from "./gpg-run.ts";
import type { Cipher } from "./vault.ts";

export interface GpgCipherOptions {
  readonly gpg: Gpg;
  readonly recipient: string;
  /** For keys whose passphrase is in a file or printed by a command; otherwise the agent asks. */
  readonly passphrase?: (() => Promise<Secret>) | undefined;
  /** The agent asks nobody: a passphrase that it does not remember is ERR_VAULT_LOCKED. */
  readonly isSilent?: boolean;
}

export function gpgCipher({ gpg, recipient, passphrase, isSilent = false }: GpgCipherOptions): Cipher {
  return {
    kind: "gpg",
    description: `gpg key ${recipient}`,
    extension: ".gpg",
    async encrypt(plaintext) {
      const args = ["--no-auto-key-locate", "--disable-dirmngr", "--trust-model", "always"];
      const result = await runGpg(gpg, [...args, "--recipient", recipient, "--encrypt"], { input: plaintext });
      if (result.status !== 0 || result.stdout.length === 0) throw await encryptFailure(gpg, recipient, result);
      return result.stdout;
    },
    async decrypt(ciphertext) {
      const secret = await passphrase?.();
      const args = isSilent ? ["--pinentry-mode", "cancel", "--decrypt"] : ["--decrypt"];
      const result = await runGpg(gpg, args, { input: ciphertext, passphrase: secret });
      const complete = result.statuses.some(({ keyword }) => keyword === "DECRYPTION_OKAY");
      if (result.status !== 0 || !complete)
        throw await decryptFailure(gpg, result, { hasPassphrase: secret !== undefined, isSilent });
      return result.stdout;
    },
  };
}

/** @param homedir absolute, or undefined for `GNUPGHOME` and gpg's default */
export function gpgProgram(env: Environment, program = "gpg", homedir?: string): Gpg {
  return { program, homedir, env };
}
