/** What IMAP clients say: every form of literal, odd messages, IDLE, compression, and what servers refuse. */
import type { Conversation, Turn } from "./conversation.ts";
import { MESSAGES } from "./messages.ts";

/** A command, and its tagged answer. */
function ask(tag: string, command: string): Turn {
  return { send: `${tag} ${command}\r\n`, until: completed(tag) };
}

function listCapabilities(tag: string): Turn {
  return { ...ask(tag, "CAPABILITY"), listsCapabilities: true };
}

function completed(tag: string): RegExp {
  return new RegExp(`(^|\\r\\n)${tag} (OK|NO|BAD) [^\\r\\n]*\\r\\n$`);
}

/** A line that ends in a literal which the server has to ask for, then the literal and the rest. */
function withLiteral(tag: string, line: string, literal: string, rest = ""): Turn[] {
  return [
    { send: `${tag} ${line}{${literal.length}}\r\n`, until: /^\+ [^\r\n]*\r\n$/ },
    { send: `${literal}${rest}\r\n`, until: completed(tag) },
  ];
}

const [first = "", , , , eightBit = ""] = MESSAGES;
const BINARY = `Subject: binary\r\n\r\n\0\0* CAPABILITY AUTH=PLAIN\r\n\0\xff\r\r\n`;

const READING: readonly Turn[] = [
  ask("b1", "SELECT INBOX"),
  ask("b2", "FETCH 2 (BODY.PEEK[]<20.40> BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[TEXT])"),
  ask("b3", "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"),
  ask("b4", "FETCH 1:* BODY.PEEK[]"),
  ask("b5", "FETCH 6 (BINARY.PEEK[3] BINARY.SIZE[3] BODY.PEEK[2.1.MIME])"),
];

export const IMAP: readonly Conversation[] = [
  {
    name: "reading",
    protocol: "imap",
    turns: [
      listCapabilities("a1"),
      ask("a2", 'ID ("name" "corpus")'),
      ask("a3", "NAMESPACE"),
      ask("a4", 'LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT))'),
      ...READING,
      ask("c1", 'UID SEARCH SUBJECT "dots"'),
      ...withLiteral("c2", "SEARCH TEXT ", "Hello"),
      { send: "c3 SEARCH CHARSET UTF-8 TEXT {3+}\r\n\xe2\x9c\x93\r\n", until: completed("c3") },
      ask("c4", "SORT (REVERSE ARRIVAL) UTF-8 ALL"),
      ask("c5", "THREAD REFERENCES UTF-8 ALL"),
      ask("c6", "SEARCH RETURN (MIN MAX COUNT) ALL"),
      { send: "d1 NAMESPACE\r\nd2 ID NIL\r\nd3 NAMESPACE\r\n", until: completed("d3") },
      { send: "d4 IDLE\r\n", until: /^\+ [^\r\n]*\r\n$/ },
      { send: "", until: /\* \d+ RECENT\r\n$/, happens: "delivery" },
      { send: "DONE\r\n", until: completed("d4") },
      listCapabilities("e1"), // by now somebody may have lost track of what is a line and what a literal
      ask("z", "LOGOUT"),
    ],
  },
  {
    name: "writing",
    protocol: "imap",
    turns: [
      ask("a1", 'CREATE "odd \\"name\\""'),
      ...withLiteral("a2", "CREATE ", "box"),
      ...withLiteral("b1", 'APPEND box (\\Seen) "01-Feb-2026 03:04:05 +0000" ', first),
      { send: `b2 APPEND box {${eightBit.length}+}\r\n${eightBit}\r\n`, until: completed("b2") },
      ...withLiteral("b3", "APPEND box ~", BINARY),
      {
        send: `b4 APPEND box (\\Flagged) {${first.length}+}\r\n${first} {${eightBit.length}}\r\n`,
        until: /^\+ [^\r\n]*\r\n$/,
      },
      { send: `${eightBit}\r\n`, until: completed("b4") },
      ask("b5", "APPEND box {0}"), // refused before it comes
      ask("c1", "SELECT box"),
      ask("c2", "FETCH 1:* (UID FLAGS BODY.PEEK[])"),
      ask("c3", "STORE 1:2 +FLAGS (\\Deleted $Label)"),
      ask("c4", "UID COPY 3:4 INBOX"),
      ask("c5", "UID MOVE 4 INBOX"),
      ask("c6", "EXPUNGE"),
      ask("c7", "STATUS INBOX (MESSAGES UIDNEXT UNSEEN)"),
      ask("d1", "LOGIN anna secret"),
      ask("d2", "STARTTLS"),
      ask("d3", "AUTHENTICATE PLAIN AGEAYg=="),
      ask("d4", "NONSENSE {x}"),
      ask("d5", 'FETCH 1 BODY.PEEK[ "unfinished'),
      { send: "d6 APPEND missing {3}\r\n", until: completed("d6") },
      { send: "\0\xff\r\nd7 NOOP\r\n", until: completed("d7") },
      listCapabilities("e1"),
      ask("d8", `SEARCH SUBJECT ${"y".repeat(5000)}`),
      ask("z", "LOGOUT"),
    ],
  },
  {
    name: "compressed",
    protocol: "imap",
    turns: [ask("a1", "COMPRESS DEFLATE"), ...READING, ask("z", "LOGOUT")],
    compressAfter: 0,
  },
];
