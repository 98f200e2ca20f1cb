/** The agent's token for a command; where there is no agent and the user wants one, it is started. */
import { askAgent } from "../agent/client/ask-agent.ts";
import type { TokenReply } from "../agent/protocol.ts";
import type { Config } from "../accounts/config.ts";
import { isMailkeyError } from "../errors.ts";
import { Secret } from "../platform/secret.ts";
import { errorOf } from "../service/wire.ts";
import type { TokenAnswer, TokenRequest } from "../tokens/get-token.ts";
import type { Context } from "./context.ts";

/** What of an answer is the same, whoever gives it. */
export type GivenToken = {
  readonly token: Pick<TokenAnswer["token"], "value" | "resource" | "scope" | "expiresAtMs">;
  readonly warning?: TokenAnswer["warning"];
};

/**
 * @param hasAsked the agent has been asked for this token already, and was not there
 * @returns undefined when the command has to get the token by itself
 * @throws what the agent could not do either
 */
export async function tokenFromAgent(
  context: Context,
  config: Config,
  address: string | undefined,
  request: TokenRequest,
  hasAsked: boolean,
): Promise<GivenToken | undefined> {
  const first = hasAsked ? undefined : await ask(context, address, request);
  if (first !== undefined || !config.agent.autostart) return first;
  context.trace("starting the agent");
  const { startAgent } = await import("../agent/client/start-agent.ts");
  return (await startAgent(context.paths, context.env, context.signal)) ? ask(context, address, request) : undefined;
}

async function ask(
  { paths, signal, terminal, trace }: Context,
  address: string | undefined,
  { resource, minTtlSeconds, force, refused }: TokenRequest,
): Promise<GivenToken | undefined> {
  const question = { do: "token", address, resource, min_ttl: minTtlSeconds, force, refused } as const;
  try {
    const reply = await askAgent<TokenReply>(paths, question, { signal, onWait: (what) => trace(`agent: ${what}`) });
    if (reply === undefined) return undefined;
    trace(`${reply.source} access token for ${reply.resource}, from the agent`);
    const { token, scope, expires_at_ms: expiresAtMs, warning } = reply;
    return {
      token: { value: new Secret(token), resource: reply.resource, scope, expiresAtMs },
      ...(warning === undefined ? {} : { warning: errorOf(warning) }),
    };
  } catch (error) {
    // A person at a terminal can unlock the vault without the agent.
    if (isMailkeyError(error, "ERR_VAULT_LOCKED") && terminal.interactive) return undefined;
    throw error;
  }
}
