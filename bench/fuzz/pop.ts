/** POP3: the proxy's front and passage, and what logging in to servers reads. */
import { mechanismsInCapa, parsePopReply } from "../../src/mail/pop-codec.ts";
import { PopPassage } from "../../src/proxy/front/pop-passage.ts";
import { SPEECHES } from "../../src/proxy/front/speeches.ts";
import { driveFront } from "./front.ts";
import type { FuzzTarget } from "./fuzz.ts";
import { CLIENT_TURN, passageRun, readLines } from "./lines.ts";

const COMMANDS = [
  "CAPA\r\nUSER anna@example.com\r\nPASS secret words \r\nSTAT\r\nUIDL\r\n",
  "AUTH\r\nAUTH PLAIN AGFubmFAZXhhbXBsZS5jb20Ac2VjcmV0\r\nLIST\r\n",
  "AUTH PLAIN\r\nAGFubmFAZXhhbXBsZS5jb20Ac2VjcmV0\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n",
  "AUTH LOGIN\r\nYW5uYUBleGFtcGxlLmNvbQ==\r\nc2VjcmV0\r\nNOOP\r\n",
  "AUTH LOGIN YW5uYUBleGFtcGxlLmNvbQ==\r\n*\r\nAPOP anna 0123456789abcdef\r\nUTF8\r\nQUIT\r\n",
  "CAPA\r\nSTLS\r\n",
];

const COMMAND_WORDS = [
  ..."\r\n|\n|\r|\0| |  |=|*\r\n|USER |PASS |USER a\r\nPASS b\r\n|AUTH |AUTH PLAIN |AUTH LOGIN\r\n|STLS\r\n".split("|"),
  ..."QUIT\r\n|CAPA\r\n|AAA=|AGEAYg==\r\n|\xc3\xa9|\xff".split("|"),
];

const RETRIEVED = "+OK 120 octets\r\nSubject: x\r\n\r\n-ERR ..\r\n..\r\n+OK\r\n.\r\n";
const REPLIES = [
  `+OK ready\r\n${CLIENT_TURN}CAPA\r\n${CLIENT_TURN}+OK\r\nTOP\r\nSASL PLAIN XOAUTH2\r\n.\r\n`,
  `${CLIENT_TURN}RETR 1\r\n${CLIENT_TURN}${RETRIEVED}${CLIENT_TURN}DELE 1\r\nQUIT\r\n${CLIENT_TURN}+OK\r\n+OK bye\r\n`,
  `${CLIENT_TURN}UIDL\r\nLIST 1\r\nTOP 1 0\r\n${CLIENT_TURN}+OK\r\n1 abc\r\n.\r\n+OK 1 120\r\n+OK\r\n.\r\n`,
  "+ \r\n-ERR [AUTH] no\r\n-ERR [SYS/TEMP] closing\r\n",
];

const REPLY_WORDS = [
  ..."\r\n|\n|\r|\0|.\r\n|\r\n.\r\n|\n.\n|.|+OK|-ERR |+OK\r\n|+ |SASL \xff|SASL  \r\n".split("|"),
  CLIENT_TURN,
  `${CLIENT_TURN}RETR 2\r\n${CLIENT_TURN}`,
  `${CLIENT_TURN}QUIT\r\n${CLIENT_TURN}`,
];

export const POP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "POP3 front",
    corpus: COMMANDS,
    words: COMMAND_WORDS,
    run: (input, random) => driveFront(SPEECHES.pop, input, random),
  },
  { name: "POP3 passage", corpus: REPLIES, words: REPLY_WORDS, run: passageRun(() => new PopPassage(), "-ERR ") },
  {
    name: "POP3 client",
    corpus: REPLIES,
    words: REPLY_WORDS,
    run: (input, random) => {
      const lines = readLines(input, random);
      for (const line of lines) parsePopReply(line);
      mechanismsInCapa(lines);
    },
  },
];
