/** `mailkey agent unlock`: the person types here, or gpg's own pinentry asks here. */
import { askAgent } from "../agent/client/ask-agent.ts";
import { SESSION_VARIABLES } from "../agent/unlocking/session.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { controllingTerminal } from "../platform/controlling-terminal.ts";
import { noAgent } from "./agent-absent.ts";
import type { Context } from "./context.ts";

/** A person may take this often to type it right. */
const ROUNDS = 3;

/** @throws ERR_VAULT_LOCKED when it cannot be unlocked, ERR_PROGRAM when no agent runs */
export async function unlockAgent(context: Context): Promise<void> {
  const { terminal, stderr } = context;
  const reason = await unlockWith(context, undefined);
  if (reason === undefined) return stderr("unlocked\n");
  if (!terminal.interactive)
    throw new MailkeyError("ERR_VAULT_LOCKED", "the passphrase has to be typed, and there is no terminal", {
      hint: "mailkey agent unlock, at a terminal",
    });
  const { askPassphrase } = await import("./ask-passphrase.ts");
  for (let round = 1; round <= ROUNDS; round++) {
    const passphrase = await askPassphrase("Passphrase of mailkey's vault: ", context.signal);
    if ((await unlockWith(context, passphrase.reveal())) === undefined) return stderr("unlocked\n");
    stderr("that is not the passphrase\n");
  }
  throw new MailkeyError("ERR_VAULT_LOCKED", "the vault stays locked", { hint: "mailkey agent unlock" });
}

/** @returns undefined when it is open now, otherwise what a passphrase could change: none was given, or a wrong one */
async function unlockWith(
  context: Context,
  passphrase: string | undefined,
): Promise<"needs_passphrase" | "bad_passphrase" | undefined> {
  const { paths, env, signal } = context;
  const given = SESSION_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  const place = { GPG_TTY: controllingTerminal(), ...Object.fromEntries(given) };
  const known = Object.entries(place).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const question = { do: "unlock", passphrase, env: Object.fromEntries(known) } as const;
  try {
    if ((await askAgent(paths, question, { signal })) !== undefined) return undefined;
  } catch (error) {
    const reason = isMailkeyError(error, "ERR_VAULT_LOCKED") ? error.details?.["reason"] : undefined;
    if (reason === "needs_passphrase" || reason === "bad_passphrase") return reason;
    throw error;
  }
  throw await noAgent(context);
}
