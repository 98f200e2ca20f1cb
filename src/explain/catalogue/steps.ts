/** Steps that many explanations end in. */
import type { Step } from "../entry.ts";

export const SIGN_IN_AGAIN: Step = { say: "sign in again", type: "mailkey login ADDRESS" };
export const ASK_ADMINISTRATOR: Step = { say: "ask your administrator: the sign-in log shows which rule it was" };
export const SHOW_SETTINGS: Step = { say: "see what is set for the account", type: "mailkey show ADDRESS" };
