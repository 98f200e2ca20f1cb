/** IMAP: the proxy's front and passage, and what logging in to servers reads. */
import { capabilitiesIn, literalLength, mechanismsAmong, parseImapResponse } from "../../src/mail/imap-codec.ts";
import { LineReader } from "../../src/mail/line-reader.ts";
import { MailServerError } from "../../src/mail/mail-server-error.ts";
import { ImapPassage } from "../../src/proxy/front/imap-passage.ts";
import { SPEECHES } from "../../src/proxy/front/speeches.ts";
import { driveFront } from "./front.ts";
import { inPieces, must, type FuzzTarget } from "./fuzz.ts";
import type { Random } from "./random.ts";

const COMMANDS = [
  "a1 LOGIN anna@example.com secret\r\na2 SELECT INBOX\r\n",
  'a LOGIN "anna@example.com" "with \\"quotes\\" and \\\\"\r\n',
  "1 login {16}\r\nanna@example.com {6}\r\nsecret\r\n2 noop\r\n",
  "1 LOGIN {16+}\r\nanna@example.com {6+}\r\nsecret\r\n2 NOOP\r\n",
  'A1 AUTHENTICATE PLAIN AGFubmFAZXhhbXBsZS5jb20Ac2VjcmV0\r\nA2 LIST "" *\r\n',
  "A1 AUTHENTICATE PLAIN\r\nAGFubmFAZXhhbXBsZS5jb20Ac2VjcmV0\r\n",
  "A1 AUTHENTICATE LOGIN\r\nYW5uYUBleGFtcGxlLmNvbQ==\r\nc2VjcmV0\r\n",
  "A1 AUTHENTICATE PLAIN =\r\nA2 AUTHENTICATE LOGIN\r\n*\r\nA3 LOGOUT\r\n",
  "t STARTTLS\r\n",
  't CAPABILITY\r\nt ID NIL\r\nt ID ("name" "Thunderbird" "version" {3}\r\n1.0)\r\nt NOOP\r\nt LOGOUT\r\n',
  "A APPEND INBOX {310+}\r\nSubject: x\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
];

const COMMAND_WORDS = [
  ..."\r\n|\n|\r|\0| |{|{3}\r\n|{3+}\r\n|{0}\r\n|{4-}\r\n|{99999999999}\r\n|{8192+}\r\n".split("|"),
  ...'LOGIN |AUTHENTICATE PLAIN |STARTTLS\r\n|LOGOUT\r\n|ID (|=|*\r\n|"|\\"|a b |\xff\xfe|AAA='.split("|"),
];

const RESPONSES = [
  "* CAPABILITY IMAP4rev1 LITERAL+ SASL-IR LOGIN-REFERRALS ID ENABLE IDLE AUTH=XOAUTH2 AUTH=OAUTHBEARER\r\n",
  "a1 OK [CAPABILITY IMAP4rev1 SASL-IR IDLE UNAUTHENTICATE COMPRESS=DEFLATE] Logged in\r\n* 3 EXISTS\r\n",
  "* 1 FETCH (UID 4 BODY[] {36}\r\n* CAPABILITY AUTH=PLAIN STARTTLS A\r\n)\r\na2 OK done\r\n",
  "* OK [PERMANENTFLAGS (\\Seen)] ok\r\n* OK [CAPABILITY X AUTH=Y] {5}\r\n* BYE bye\r\na LOGOUT\r\n",
  '* LIST (\\HasNoChildren) "." {5}\r\nINBOX\r\n* 2 FETCH (BINARY[1] ~{4}\r\n\0\r\n\xff FLAGS ())\r\n+ idling\r\n',
  "* PREAUTH [CAPABILITY IMAP4rev1 LOGINDISABLED] hello\r\nx BAD [CAPABILITY AUTH=A] no\r\n",
];

const RESPONSE_WORDS = [
  ..."\r\n|\n|{0}\r\n|{3}\r\n|{99999999999999999999}\r\n|~{2}\r\n| AUTH=PLAIN| STARTTLS| SASL-IR".split("|"),
  ..."* CAPABILITY |\r\n* OK [CAPABILITY |\r\na OK [CAPABILITY A|]|* BYE |+ |* 1 |\0|\xff".split("|"),
];

const REMOVABLE = / (?:AUTH=|STARTTLS|LOGINDISABLED|SASL-IR|UNAUTHENTICATE)/i;

function runPassage(input: Buffer, random: Random): void {
  const whole = passed(input, 1, random);
  must(whole.equals(passed(input, 4, random)), "pieces make no difference");
  must(REMOVABLE.test(input.toString("latin1")) || whole.equals(input), "nothing changes where nothing has to go");
}

/** All that came out, and what was still held. */
function passed(input: Buffer, pieces: number, random: Random): Buffer {
  const passage = new ImapPassage();
  const out: Uint8Array[] = [];
  inPieces(input, pieces, random, (piece) => out.push(passage.pass(piece)));
  must(passage.heldBytes <= 8192, "what is held is bounded");
  passage.farewell("upstream");
  // What is held back is the input's own end.
  return Buffer.concat([...out, input.subarray(input.length - passage.heldBytes)]);
}

function runReader(input: Buffer, random: Random): void {
  const reader = new LineReader({ maxLineBytes: 256, maxTotalBytes: 2048 });
  try {
    inPieces(input, 3, random, (piece) => {
      reader.push(piece);
      for (let line = reader.takeLine(); line !== undefined; line = reader.takeLine()) {
        const response = parseImapResponse(line);
        if (response !== undefined) mechanismsAmong(capabilitiesIn(response) ?? []);
        if ((literalLength(line) ?? 0) < 64) reader.takeBytes(literalLength(line) ?? 0);
      }
    });
  } catch (error) {
    if (!(error instanceof MailServerError)) throw error;
  }
}

export const IMAP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "IMAP front",
    corpus: COMMANDS,
    words: COMMAND_WORDS,
    run: (input, random) => driveFront(SPEECHES.imap, input, random),
  },
  { name: "IMAP passage", corpus: RESPONSES, words: RESPONSE_WORDS, run: runPassage },
  { name: "IMAP client", corpus: RESPONSES, words: RESPONSE_WORDS, run: runReader },
];
