/** Builds what the use cases need out of a command's context. Lean: the token path comes through here. */
import { MailkeyError } from "../errors.ts";
import { loadConfig, type Config } from "../accounts/config.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { systemTokenPorts } from "../tokens/system-ports.ts";
import { openVault } from "../vault/open.ts";
import type { AskPassphrase } from "../vault/passphrase.ts";
import type { Context } from "./context.ts";

/** @throws ERR_CONFIG unless a configuration is given */
export function tokenPorts(
  context: Context,
  config: Config = loadConfig(context.paths, context.env),
  askPassphrase: AskPassphrase = terminalAsker(context),
): TokenPorts {
  const { env, paths, clock, signal } = context;
  return systemTokenPorts({
    env,
    paths,
    clock,
    signal,
    config,
    ...(context.terminal.interactive ? { askPassphrase } : {}),
    openVault: () => openVault(paths, env, { askPassphrase }),
    trace: context.trace,
  });
}

/** Asks on the terminal; where there is none, throws ERR_VAULT_LOCKED. */
function terminalAsker({ terminal, signal }: Context): AskPassphrase {
  return async (question) => {
    if (!terminal.interactive) throw lockedVault();
    return (await import("./ask-passphrase.ts")).askPassphrase(question, signal);
  };
}

function lockedVault(): MailkeyError {
  return new MailkeyError("ERR_VAULT_LOCKED", "the vault needs a passphrase, and there is no terminal to ask on", {
    hint: "mailkey agent start, then mailkey agent unlock; or name a passphrase file or command: mailkey help vault",
  });
}
