/** Access tokens from the agent, which is started when there is none. The proxy itself opens no vault. */
import { askAgent } from "../agent/client/ask-agent.ts";
import { startAgent } from "../agent/client/start-agent.ts";
import type { TokenReply } from "../agent/protocol.ts";
import { MailkeyError } from "../errors.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { Secret } from "../platform/secret.ts";
import { digestOf } from "../tokens/digest.ts";
import type { AccessTokens, TokenWish } from "./tokens.ts";

/** An agent that cannot be started is not tried anew for each of a hundred clients. */
const START_PAUSE_MS = 5000;

export class AgentTokens implements AccessTokens {
  readonly #paths: Paths;
  readonly #env: Environment;
  /** The latest start, of all who came at that time. */
  #start: { readonly atMs: number; readonly succeeds: Promise<boolean> } | undefined;

  constructor(paths: Paths, env: Environment) {
    this.#paths = paths;
    this.#env = env;
  }

  async get(wish: TokenWish): Promise<Secret> {
    const token = (await this.#ask(wish)) ?? ((await this.#started()) ? await this.#ask(wish) : undefined);
    if (token !== undefined) return token;
    wish.signal.throwIfAborted();
    throw new MailkeyError("ERR_PROVIDER_UNAVAILABLE", "mailkey's agent does not answer", {
      hint: "mailkey agent start",
    });
  }

  async #ask({ mailbox, resource, refused, signal }: TokenWish): Promise<Secret | undefined> {
    const digest = refused === undefined ? undefined : digestOf(refused.reveal());
    const question = { do: "token", address: mailbox.account, resource, refused: digest } as const;
    const reply = await askAgent<TokenReply>(this.#paths, question, { signal });
    return reply === undefined ? undefined : new Secret(reply.token);
  }

  /** For all who wait: no one client's going stops it. */
  #started(): Promise<boolean> {
    const now = performance.now();
    if (this.#start === undefined || now - this.#start.atMs > START_PAUSE_MS)
      this.#start = { atMs: now, succeeds: this.#startNow() };
    return this.#start.succeeds;
  }

  async #startNow(): Promise<boolean> {
    const succeeds = await startAgent(this.#paths, this.#env);
    if (succeeds) this.#start = undefined; // should it end soon, another is started at once
    return succeeds;
  }
}
