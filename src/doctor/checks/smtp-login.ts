/** A login to the account's SMTP server, as a mail program would do it. */
import { loginCheck } from "../logins.ts";

export const smtpLogin = loginCheck("smtp");
