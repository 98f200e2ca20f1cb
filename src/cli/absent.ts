/** No process of ours answers: why, and what to type then. */
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { isOpenToOthers } from "../service/asking.ts";
import type { Found } from "../service/starting.ts";
import type { Context } from "./context.ts";

export interface Absent {
  /** `agent`, `proxy`. */
  readonly who: string;
  /** Where it is asked. */
  readonly socket: string;
  readonly find: () => Promise<Found>;
}

/** @returns undefined when there is none, and nothing in the way of one */
export async function troubleWith(
  { who, socket, find }: Absent,
  { paths }: Context,
): Promise<MailkeyError | undefined> {
  const { runtime } = paths;
  if (isOpenToOthers(runtime)) {
    return new MailkeyError("ERR_UNTRUSTED_FILE", `no ${who} is asked at ${runtime}: that folder is not yours alone`, {
      hint: shellLine(["chmod", "go=", runtime]),
    });
  }
  if ((await find()) === "absent") return undefined;
  return new MailkeyError("ERR_PROGRAM", `the ${who} at ${socket} does not answer`, { hint: "mailkey doctor" });
}

/** For what one is needed for. */
export async function noneOf(absent: Absent, context: Context): Promise<MailkeyError> {
  const trouble = await troubleWith(absent, context);
  const { who } = absent;
  return trouble ?? new MailkeyError("ERR_PROGRAM", `the ${who} does not run`, { hint: `mailkey ${who} start` });
}
