/** A secret that the account file names by where it is: the first line of a private file, or of what a command prints. */
import { MailkeyError } from "../errors.ts";
import { readPrivateText } from "../platform/files.ts";
import { expandHome, type Environment } from "../platform/paths.ts";
import { runShell } from "../platform/process.ts";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";

export type SecretPlace = { readonly file: string } | { readonly command: string };

/**
 * @param what for messages: `the client secret`
 * @throws ERR_CONFIG when it should be there and is not, ERR_UNTRUSTED_FILE
 */
export async function readSecretLine(place: SecretPlace, what: string, env: Environment): Promise<Secret> {
  const text = "file" in place ? fromFile(expandHome(place.file, env), what) : await printed(place.command, what, env);
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  if (line !== "") return new Secret(line);
  throw new MailkeyError("ERR_CONFIG", `${what} is empty (${"file" in place ? place.file : place.command})`);
}

function fromFile(path: string, what: string): string {
  const text = readPrivateText(path, "secret");
  if (text === undefined) throw new MailkeyError("ERR_CONFIG", `${what}'s file is missing: ${path}`);
  return text;
}

async function printed(command: string, what: string, env: Environment): Promise<string> {
  const result = await runShell(command, { env });
  if (result.status === 0) return new TextDecoder().decode(result.stdout);
  const words = peerText(result.stderr, 200);
  throw new MailkeyError("ERR_CONFIG", `${what}'s command failed with status ${result.status}: ${words}`);
}
