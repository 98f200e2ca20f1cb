/** What the agent does when it is asked, and its replies. */
import type { Environment, Paths } from "../../platform/paths.ts";
import { Secret } from "../../platform/secret.ts";
import { dispatcher as dispatch } from "../../service/dispatch.ts";
import { PROTOCOL_VERSION, type Operation, type Request } from "../protocol.ts";
import { decodeRequest } from "./request.ts";
import type { StatusReply } from "../status.ts";
import type { TokenService } from "./tokens.ts";

export interface Operations {
  readonly tokens: Pick<TokenService, "answer">;
  status(): Promise<StatusReply>;
  metrics(): string;
  lock(): void;
  /** @throws ERR_VAULT_LOCKED and what decrypting throws */
  unlock(passphrase: Secret | undefined, env: Environment): Promise<void>;
  /** @throws ERR_CONFIG with the old configuration still in force */
  reload(): Promise<void>;
  stop(): void;
}

const DONE = JSON.stringify({ v: PROTOCOL_VERSION, done: true });

/** @returns what the server calls with every line */
export function dispatcher(
  operations: Operations,
  home: Pick<Paths, "config" | "state">,
): (line: string) => string | Promise<string> {
  const perform = (request: Request) =>
    request.do === "token" ? operations.tokens.answer(request) : PERFORM[request.do](operations, request);
  return dispatch({ who: "agent", version: PROTOCOL_VERSION, decode: decodeRequest, perform }, home);
}

type Perform = (operations: Operations, request: Request) => Promise<string> | string;

const PERFORM: Record<Exclude<Operation, "token">, Perform> = {
  status: async (operations) => JSON.stringify(await operations.status()),
  metrics: (operations) => JSON.stringify({ v: PROTOCOL_VERSION, metrics: operations.metrics() }),
  async unlock(operations, { passphrase, env = {} }) {
    await operations.unlock(passphrase === undefined ? undefined : new Secret(passphrase), env);
    return DONE;
  },
  async reload(operations) {
    await operations.reload();
    return DONE;
  },
  lock(operations) {
    operations.lock();
    return DONE;
  },
  stop(operations) {
    operations.stop();
    return DONE;
  },
};
