/** From a line to its reply: who asks, for which home, in which version, and what for. */
import type { Environment, Paths } from "../../platform/paths.ts";
import { Secret } from "../../platform/secret.ts";
import { PROTOCOL_VERSION, type Operation, type Request, type WaitReply } from "../protocol.ts";
import { decodeRequest } from "./request.ts";
import type { StatusReply } from "../status.ts";
import type { TokenService } from "./tokens.ts";
import { errorLine, refusalLine } from "./wire-error.ts";

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

export const WAITING_LINE = JSON.stringify({ v: PROTOCOL_VERSION, wait: "working" } satisfies WaitReply);
export const BUSY_LINE = refusalLine({ code: "busy", message: "too many clients" });

const OTHER_HOME = refusalLine({ code: "other_home", message: "this agent serves other folders" });
const OTHER_VERSION = refusalLine({ code: "version", message: `this agent speaks version ${PROTOCOL_VERSION}` });
const NO_REQUEST = refusalLine({ code: "request", message: "this is not a request" });
const DONE = JSON.stringify({ v: PROTOCOL_VERSION, done: true });

/** @returns what the server calls with every line */
export function dispatcher(
  operations: Operations,
  { config, state }: Pick<Paths, "config" | "state">,
): (line: string) => string | Promise<string> {
  return (line) => {
    const request = decodeRequest(line);
    if (request === "version") return OTHER_VERSION;
    if (request === "request") return NO_REQUEST;
    if (request.config !== config || request.state !== state) return OTHER_HOME;
    const { do: operation } = request;
    if (operation === "token") return operations.tokens.answer(request);
    return perform(operations, request, PERFORM[operation]);
  };
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

async function perform(operations: Operations, request: Request, what: Perform): Promise<string> {
  try {
    return await what(operations, request);
  } catch (error) {
    return errorLine(error);
  }
}
