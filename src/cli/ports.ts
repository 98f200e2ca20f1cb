/** Builds what the use cases need out of a command's context. Lean: the token path comes through here. */
import { loadConfig } from "../accounts/config.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { openVault } from "../vault/open.ts";
import type { Context } from "./context.ts";

/** @throws ERR_CONFIG */
export function tokenPorts(context: Context): TokenPorts {
  const { env, paths, clock, signal, terminal } = context;
  const config = loadConfig(paths, env);
  const askPassphrase = async (question: string) => {
    const prompt = await import("./ask-passphrase.ts");
    return prompt.askPassphrase(question, terminal.interactive, signal);
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
