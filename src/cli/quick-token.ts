/**
 * The shortest way to a token: what mail programs type, answered by the agent before anything else of mailkey is loaded. Whatever is
 * not this one case goes the ordinary way, which knows all flags and does without an agent.
 */
import { basename } from "node:path";
import { askAgent } from "../agent/client/ask-agent.ts";
import type { TokenReply } from "../agent/protocol.ts";
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import { resolvePaths, type Environment } from "../platform/paths.ts";
import { errorOf } from "../service/wire.ts";

export type QuickAnswer =
  | { readonly token: string; readonly warning?: MailkeyError | undefined }
  | { readonly error: MailkeyError };

/** Dotfiles that call the script by its name find mailkey behind it. */
const SCRIPT_NAMES: ReadonlySet<string> = new Set(["mutt_oauth2.py", "mutt_oauth2"]);

/** Whether this process goes by the name of the script, whose command line means something else. */
export function isScript(): boolean {
  return [process.argv0, process.argv[1] ?? ""].some((path) => SCRIPT_NAMES.has(basename(path)));
}

/**
 * Whether a command line is the one that is answered here. The ordinary way then need not ask the agent again.
 *
 * @param values its flags, where they have been parsed
 */
export function isQuick(words: readonly string[], values: object = {}): boolean {
  const [command, address, ...rest] = words;
  return (
    command === "token" && rest.length === 0 && address?.startsWith("-") !== true && Object.keys(values).length === 0
  );
}

/**
 * @param words the command line
 * @returns undefined when the ordinary way has to be gone
 */
export async function quickToken(words: readonly string[], env: Environment): Promise<QuickAnswer | undefined> {
  if (isScript() || !isQuick(words)) return undefined;
  try {
    const reply = await askAgent<TokenReply>(resolvePaths(env), { do: "token", address: words[1] });
    if (reply === undefined) return undefined;
    return { token: reply.token, warning: reply.warning === undefined ? undefined : errorOf(reply.warning) };
  } catch (error) {
    return isMailkeyError(error) ? { error } : undefined;
  }
}
