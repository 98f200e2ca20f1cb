/** Builds what the use cases need out of a command's context. Lean: the token path comes through here. */
import { MailkeyError } from "../errors.ts";
import { loadConfig } from "../accounts/config.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { openVault } from "../vault/open.ts";
import type { Context } from "./context.ts";

/** @throws ERR_CONFIG */
export function tokenPorts(context: Context): TokenPorts {
  const { env, paths, clock, signal, terminal } = context;
  const config = loadConfig(paths, env);
  const askPassphrase = async (question: string) => {
    if (!terminal.interactive) throw lockedVault();
    return (await import("./ask-passphrase.ts")).askPassphrase(question, signal);
  };
  return {
    env,
    paths,
    clock,
    signal,
    config,
    random: Math.random,
    createFetch: (timeoutMs) => async (url, init) => {
      const { createFetch } = await import("../platform/http.ts"); // not needed for a cached token
      return createFetch({ env, caFile: config.caFile, timeoutMs })(url, init);
    },
    openVault: () => openVault(paths, env, { askPassphrase }),
    trace: context.trace,
  };
}

function lockedVault(): MailkeyError {
  return new MailkeyError("ERR_VAULT_LOCKED", "the vault needs a passphrase, and there is no terminal to ask on", {
    hint: "name a passphrase file or command: mailkey help vault",
  });
}
