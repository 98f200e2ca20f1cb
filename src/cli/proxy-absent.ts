/** No proxy answers: why, and what to type then. */
import type { MailkeyError } from "../errors.ts";
import { findProxy, proxySocketPath } from "../proxy/client/ask-proxy.ts";
import { noneOf, troubleWith, type Absent } from "./absent.ts";
import type { Context } from "./context.ts";

/** @returns undefined when there is none, and nothing in the way of one */
export function proxyTrouble(context: Context): Promise<MailkeyError | undefined> {
  return troubleWith(absent(context), context);
}

/** For what a proxy is needed for. */
export function noProxy(context: Context): Promise<MailkeyError> {
  return noneOf(absent(context), context);
}

function absent({ paths, signal }: Context): Absent {
  return { who: "proxy", socket: proxySocketPath(paths), find: () => findProxy(paths, signal) };
}
