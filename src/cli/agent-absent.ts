/** No agent answers: why, and what to type then. */
import { findAgent, socketPath } from "../agent/client/ask-agent.ts";
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { isOpenToOthers } from "../service/asking.ts";
import type { Context } from "./context.ts";

/** @returns undefined when there is none, and nothing in the way of one */
export async function agentTrouble({ paths, signal }: Context): Promise<MailkeyError | undefined> {
  const { runtime } = paths;
  if (isOpenToOthers(runtime)) {
    return new MailkeyError("ERR_UNTRUSTED_FILE", `no agent is asked at ${runtime}: that folder is not yours alone`, {
      hint: shellLine(["chmod", "go=", runtime]),
    });
  }
  if ((await findAgent(paths, signal)) === "absent") return undefined;
  return new MailkeyError("ERR_PROGRAM", `the agent at ${socketPath(paths)} does not answer`, {
    hint: "mailkey doctor",
  });
}

/** For what an agent is needed for. */
export async function noAgent(context: Context): Promise<MailkeyError> {
  const trouble = await agentTrouble(context);
  return trouble ?? new MailkeyError("ERR_PROGRAM", "the agent does not run", { hint: "mailkey agent start" });
}
