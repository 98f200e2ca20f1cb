/** No proxy answers: why, and what to type then. */
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { findProxy, proxySocketPath } from "../proxy/client/ask-proxy.ts";
import { isOpenToOthers } from "../service/asking.ts";
import type { Context } from "./context.ts";

/** @returns undefined when there is none, and nothing in the way of one */
export async function proxyTrouble({ paths, signal }: Context): Promise<MailkeyError | undefined> {
  const { runtime } = paths;
  if (isOpenToOthers(runtime)) {
    return new MailkeyError("ERR_UNTRUSTED_FILE", `no proxy is asked at ${runtime}: that folder is not yours alone`, {
      hint: shellLine(["chmod", "go=", runtime]),
    });
  }
  if ((await findProxy(paths, signal)) === "absent") return undefined;
  return new MailkeyError("ERR_PROGRAM", `the proxy at ${proxySocketPath(paths)} does not answer`, {
    hint: "mailkey doctor",
  });
}

/** For what a proxy is needed for. */
export async function noProxy(context: Context): Promise<MailkeyError> {
  const trouble = await proxyTrouble(context);
  return trouble ?? new MailkeyError("ERR_PROGRAM", "the proxy does not run", { hint: "mailkey proxy start" });
}
