/** What submission clients say. */
import type { Conversation, Turn } from "./conversation.ts";

/** Whose INBOX shows what came of it. */
export const RECIPIENT = "ben@mail.test";

function ask(command: string, replies = 1): Turn {
  return {
    send: `${command}\r\n`,
    until: new RegExp(`^((\\d{3}-[^\\r\\n]*\\r\\n)*\\d{3} [^\\r\\n]*\\r\\n){${replies}}$`),
  };
}

const FROM = "MAIL FROM:<anna@mail.test>";
const TO = `RCPT TO:<${RECIPIENT}>`;
const DOTS = ".\r\n..\r\n.hidden\r\n.";
const ODD = `Subject: odd\r\n\r\n${"x".repeat(3000)}\r\n\xe4\xff\r\n\x01\x7f\r\n221 2.0.0 Bye\r\n`;
const CHUNKS = ["Subject: chunks\r\n\r\n.\r\nQUIT\r\n", "\xe4 and no end"] as const;

export const SMTP: readonly Conversation[] = [
  {
    name: "sending",
    protocol: "smtp",
    turns: [
      ask("EHLO again.mail.test"),
      ask("NOOP"),
      ask("VRFY anna"),
      ask(FROM),
      ask(TO),
      ask("DATA"),
      ask(`Subject: dots\r\n\r\n${DOTS.replaceAll(/^\./gm, "..")}\r\n.`),
      ask(`${FROM} BODY=8BITMIME\r\n${TO}\r\nRCPT TO:<carl@mail.test>\r\nDATA`, 4),
      ask(`${ODD}.`),
      ask(FROM),
      ask(TO),
      { ...ask("BDAT"), send: `BDAT ${CHUNKS[0].length}\r\n${CHUNKS[0]}` },
      { ...ask("BDAT"), send: `BDAT ${CHUNKS[1].length} LAST\r\n${CHUNKS[1]}` },
      ask("RSET"),
      ask("RCPT TO:<nobody>"),
      ask("AUTH PLAIN AGEAYg=="),
      ask("STARTTLS"),
      ask("nonsense \0\xff"),
      ask(`${FROM} SIZE=99999999999`),
      ask("QUIT"),
    ],
  },
];
