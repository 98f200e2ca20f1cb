/**
 * The shortest way to a token: what mail programs type, answered by the agent before anything else of mailkey is loaded. Whatever is
 * not this one case goes the ordinary way, which knows all flags and does without an agent.
 */
import { askAgent } from "../agent/ask-agent.ts";
import type { TokenReply } from "../agent/protocol.ts";
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import { resolvePaths, type Environment } from "../platform/paths.ts";

export type QuickAnswer = { readonly token: string } | { readonly error: MailkeyError };

/**
 * @param words the command line
 * @returns undefined when the ordinary way has to be gone
 */
export async function quickToken(words: readonly string[], env: Environment): Promise<QuickAnswer | undefined> {
  const [command, address, ...rest] = words;
  if (command !== "token" || rest.length > 0 || address?.startsWith("-") === true) return undefined;
  try {
    const reply = await askAgent<TokenReply>(resolvePaths(env), { do: "token", address });
    return reply === undefined || reply.warning !== undefined ? undefined : { token: reply.token };
  } catch (error) {
    // A person at a terminal can unlock the vault without the agent.
    if (!isMailkeyError(error) || error.code === "ERR_VAULT_LOCKED") return undefined;
    return { error };
  }
}
