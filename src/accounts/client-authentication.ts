/** How an account's client shows the authorization server who it is: with nothing, a secret or a key. */
import { MailkeyError } from "../errors.ts";
import type { OAuthClient } from "../oauth/parties.ts";
import { Secret } from "../platform/secret.ts";
import { shellLine, shellWord } from "../platform/shell.ts";
import type { KeyPorts } from "./client-key.ts";
import type { ResolvedAccount } from "./resolve.ts";
import { readSecretLine } from "./secret-line.ts";

/**
 * The client with what it shows, read from where the account keeps it.
 *
 * @param secretInVault what the credential holds, for `secret = "vault"`
 * @throws ERR_CONFIG when something should be there and is not, or does not fit; ERR_UNTRUSTED_FILE
 */
export async function authenticatedClient(
  { credential, client, grant, provider }: ResolvedAccount,
  secretInVault: string | undefined,
  ports: KeyPorts,
): Promise<OAuthClient> {
  const { id, key, secret } = client;
  if (key !== undefined) {
    const { readClientKey } = await import("./client-key.ts");
    return { id, key: await readClientKey(key, provider, ports) };
  }
  if (secret === undefined) return { id };
  if (secret !== "vault") return { id, secret: await readSecretLine(secret, "the client secret", ports.env) };
  if (secretInVault !== undefined) return { id, secret: new Secret(secretInVault) };
  const appOnly = grant === "client_credentials" ? " --app-only" : "";
  throw new MailkeyError("ERR_CONFIG", "the client secret is not in the vault", {
    hint: `${shellLine(["mailkey", "add", credential])} --replace${appOnly} --client-id ${shellWord(id)} --client-secret-file FILE`,
  });
}
