/** The protocols that the proxy serves. */
import type { MailProtocol } from "../../mail/report.ts";
import { ImapFront } from "./imap-front.ts";
import { ImapPassage } from "./imap-passage.ts";
import { popFront } from "./pop-front.ts";
import { PopPassage } from "./pop-passage.ts";
import { smtpFront } from "./smtp-front.ts";
import { SmtpPassage } from "./smtp-passage.ts";
import type { Speech } from "./front.ts";

export const SPEECHES: Readonly<Record<MailProtocol, Speech>> = {
  imap: { front: (options) => new ImapFront(options), passage: () => new ImapPassage() },
  pop: { front: popFront, passage: () => new PopPassage() },
  smtp: { front: smtpFront, passage: () => new SmtpPassage() },
};
