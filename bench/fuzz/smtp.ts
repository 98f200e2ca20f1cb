/** SMTP: the proxy's front and passage, and what logging in to servers reads. */
import { mechanismsInEhlo, parseSmtpLine, wordsOf } from "../../src/mail/smtp-codec.ts";
import { SmtpPassage } from "../../src/proxy/front/smtp-passage.ts";
import { SPEECHES } from "../../src/proxy/front/speeches.ts";
import { driveFront } from "./front.ts";
import type { FuzzTarget } from "./fuzz.ts";
import { passageRun, readLines } from "./lines.ts";

const COMMANDS = [
  "EHLO scanner.lan\r\nAUTH PLAIN AGFubmFAZXhhbXBsZS5jb20Ac2VjcmV0\r\nMAIL FROM:<anna@example.com>\r\nRCPT TO:<b@c>\r\nDATA\r\n",
  "HELO [127.0.0.1]\r\nAUTH PLAIN\r\nAGFubmFAZXhhbXBsZS5jb20Ac2VjcmV0\r\nNOOP\r\n",
  "EHLO [IPv6:::1]\r\nAUTH LOGIN\r\nYW5uYUBleGFtcGxlLmNvbQ==\r\nc2VjcmV0\r\nRSET\r\n",
  "AUTH LOGIN YW5uYUBleGFtcGxlLmNvbQ==\r\n*\r\nAUTH PLAIN =\r\nVRFY anna\r\nHELP\r\nQUIT\r\n",
  "EHLO a\r\nSTARTTLS\r\n",
  "EHLO a\r\nBDAT 10 LAST\r\n0123456789",
  "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n",
];

const COMMAND_WORDS = [
  ..."\r\n|\n|\r|\0| |  |=|*\r\n|EHLO |EHLO a.b\r\n|AUTH |AUTH PLAIN |AUTH LOGIN\r\n|STARTTLS\r\n|BDAT 1\r\nx".split(
    "|",
  ),
  ..."QUIT\r\n|MAIL FROM:<>\r\n|AAA=|AGEAYg==\r\n|[127.0.0.1]|a.|\xc3\xa9|\xff".split("|"),
];

const REPLIES = [
  "220 mail.example.com ESMTP\r\n250-mail.example.com\r\n250-SIZE 35882577\r\n250-AUTH XOAUTH2 PLAIN\r\n250 SMTPUTF8\r\n",
  "250-AUTH=PLAIN LOGIN\r\n250 AUTH\r\n334 eyJzdGF0dXMiOiI0MDAifQ==\r\n535 5.7.8 no\r\n",
  "235 2.7.0 in\r\n250 2.1.0 OK\r\n354 go ahead\r\n250 2.0.0 queued\r\n221 2.0.0 bye\r\n",
  "421-4.4.2 too slow\r\n421 4.4.2 bye\r\n250\r\n",
];

const REPLY_WORDS = "\r\n|\n|\r|\0|250-|250 |221 |421 |421|221\r\n|250-x\r\n|354 |AUTH |AUTH=|\xff".split("|");

export const SMTP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "SMTP front",
    corpus: COMMANDS,
    words: COMMAND_WORDS,
    run: (input, random) => driveFront(SPEECHES.smtp, input, random),
  },
  { name: "SMTP passage", corpus: REPLIES, words: REPLY_WORDS, run: passageRun(() => new SmtpPassage(), "421 ") },
  {
    name: "SMTP client",
    corpus: REPLIES,
    words: REPLY_WORDS,
    run: (input, random) => {
      const parsed = readLines(input, random).map(parseSmtpLine);
      const reply = { code: 250, lines: parsed.flatMap((line) => (line === undefined ? [] : [line.text])) };
      mechanismsInEhlo(reply);
      wordsOf(reply);
    },
  },
];
