/**
 * The command vault: any pair of pipes of the user's. `encrypt` reads the credential on standard input and prints the
 * ciphertext; `decrypt` does the reverse. Both run through `sh -c`; quoting is the user's.
 *
 * Of a failing command only its standard error is shown, without what was piped through it.
 */
import { MailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import { runShell, type RunResult } from "../platform/process.ts";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import type { CommandSettings } from "./settings.ts";
import type { Cipher } from "./vault.ts";

/** Shells say so when the command does not exist (127) or may not be run (126). */
const NOT_RUNNABLE = new Set([126, 127]);
const MAX_STDERR = 300;
/** Shorter strings of a credential are words of its format. */
const SHORTEST_SECRET = 12;

export function commandCipher(settings: CommandSettings, env: Environment): Cipher {
  return {
    kind: "command",
    description: `commands: ${settings.encrypt} | ${settings.decrypt}`,
    extension: ".enc",
    async encrypt(plaintext) {
      const result = await runShell(settings.encrypt, { input: plaintext, env });
      checkStatus("encrypt", result, plaintext);
      if (result.stdout.length === 0) throw unusable("encrypt", "printed nothing");
      if (Buffer.from(result.stdout).includes(plaintext)) throw unusable("encrypt", "printed the credential as it is");
      return result.stdout;
    },
    async decrypt(ciphertext) {
      const result = await runShell(settings.decrypt, { input: ciphertext, env });
      checkStatus("decrypt", result, result.stdout);
      if (result.stdout.length === 0) throw unusable("decrypt", "printed nothing");
      return result.stdout;
    },
  };
}

function checkStatus(which: keyof CommandSettings, result: RunResult, sensitive: Uint8Array): void {
  if (result.status === 0 && result.signal === undefined) return;
  const words = peerText(result.stderr, MAX_STDERR, secretsIn(sensitive));
  const how = result.signal === undefined ? `failed with status ${result.status}` : `was ended by ${result.signal}`;
  throw unusable(which, `${how}${words === "" ? "" : `: ${words}`}`, NOT_RUNNABLE.has(result.status));
}

function unusable(which: keyof CommandSettings, what: string, notRunnable = false): MailkeyError {
  return new MailkeyError("ERR_VAULT_UNUSABLE", `the vault's ${which} command ${what}`, {
    hint: notRunnable
      ? `give its full path: mailkey vault use command --${which} …`
      : "run the command by hand; mailkey vault shows it",
    details: { command: which },
  });
}

/** The strings of a credential that a careless command might repeat in its complaint. */
function secretsIn(bytes: Uint8Array): Secret[] {
  return new TextDecoder()
    .decode(bytes)
    .split(/["\s]+/)
    .filter((piece) => piece.length >= SHORTEST_SECRET)
    .map((piece) => new Secret(piece));
}
