/** A login to the account's POP server, as a mail program would do it. */
import { loginCheck } from "../logins.ts";

export const popLogin = loginCheck("pop");
