/** A login to the account's IMAP server, as a mail program would do it. */
import { loginCheck } from "../logins.ts";

export const imapLogin = loginCheck("imap");
