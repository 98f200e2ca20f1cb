/** What the proxy does when it is asked on its control socket, and its replies. */
import * as v from "valibot";
import type { Paths } from "../platform/paths.ts";
import { dispatcher } from "../service/dispatch.ts";
import { OPERATIONS, PROTOCOL_VERSION, type Operation, type Request } from "./protocol.ts";
import type { StatusReply } from "./status.ts";

export interface Operations {
  status(): Promise<StatusReply>;
  metrics(): string;
  /** @throws ERR_CONFIG and its kin with the old settings still in force */
  reload(): Promise<void>;
  stop(): void;
}

const text = v.pipe(v.string(), v.maxLength(4096));
const RequestSchema = v.object({ v: v.number(), do: v.picklist(OPERATIONS), config: text, state: text });
const DONE = JSON.stringify({ v: PROTOCOL_VERSION, done: true });

/** @returns what the line server calls with every line */
export function controlDispatcher(
  operations: Operations,
  home: Pick<Paths, "config" | "state">,
): (line: string) => string | Promise<string> {
  const perform = (request: Request) => PERFORM[request.do](operations);
  return dispatcher({ who: "proxy", version: PROTOCOL_VERSION, decode, perform }, home);
}

function decode(value: object): Request | undefined {
  const parsed = v.safeParse(RequestSchema, value);
  return parsed.success ? parsed.output : undefined;
}

const PERFORM: Readonly<Record<Operation, (operations: Operations) => string | Promise<string>>> = {
  status: async (operations) => JSON.stringify(await operations.status()),
  metrics: (operations) => JSON.stringify({ v: PROTOCOL_VERSION, metrics: operations.metrics() }),
  async reload(operations) {
    await operations.reload();
    return DONE;
  },
  stop(operations) {
    operations.stop();
    return DONE;
  },
};
