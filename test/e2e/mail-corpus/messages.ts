/** Messages whose bytes a careless proxy would change, or take for the protocol's own. Latin-1: one character is one byte. */

const HEAD = "From: Anna <anna@mail.test>\r\nTo: ben@mail.test\r\nDate: Tue, 03 Feb 2026 04:05:06 +0000\r\n";

/** In the INBOX before each conversation. */
export const MESSAGES: readonly string[] = [
  `${HEAD}Subject: plain\r\nMessage-ID: <1@mail.test>\r\n\r\nHello.\r\n`,
  // What servers say, in a message.
  `${HEAD}Subject: [CAPABILITY AUTH=PLAIN] {5}\r\n\r\n* CAPABILITY IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN\r\na1 OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] x\r\n* BYE {100}\r\n+ \r\n)\r\na2 OK done\r\n`,
  // Lines of POP3 and SMTP that begin with dots, and some that look like ends.
  `${HEAD}Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.hidden\r\n-ERR no\r\n+OK yes\r\n221 2.0.0 Bye\r\nQUIT\r\n`,
  // Long lines, one of them in the header; no end of the last.
  `${HEAD}Subject: ${"long ".repeat(300)}\r\n\r\n${"x".repeat(6000)}\r\nand no end`,
  // 8-bit characters of no declared encoding, quotes and backslashes, all of which an ENVELOPE has to carry.
  `${HEAD}Subject: "quoted\\" \xe4\xf6\xfc \\ \xff\xfe\r\n\r\n\x80\x81\xfe\xff \x01\x02\x7f\r\n`,
  // Parts within parts, and one whose decoded bytes are no text at all.
  [
    `${HEAD}Subject: =?utf-8?q?parts_=E2=9C=93?=\r\nMIME-Version: 1.0`,
    'Content-Type: multipart/mixed; boundary="outer"\r\n',
    "--outer\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xe2\x9c\x93\r\n",
    '--outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary="inner"\r\n',
    "--inner\r\n\r\ntext\r\n--inner\r\nContent-Type: text/html\r\n\r\n<p>{3}</p>\r\n--inner--\r\n",
    "--outer\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n",
    `${Buffer.from("\0\0\r\n* CAPABILITY AUTH=PLAIN\r\n\r\r\n\n\0\xff", "latin1").toString("base64")}\r\n--outer--\r\n`,
  ].join("\r\n"),
  `${HEAD}Subject: nothing in it\r\n\r\n`,
  `${HEAD}Subject: ends in the middle\r\n\r\n* CAPABILITY IMAP4rev1`,
];
