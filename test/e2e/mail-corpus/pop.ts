/** What POP3 clients say. */
import type { Conversation, Turn } from "./conversation.ts";
import { MESSAGES } from "./messages.ts";

function line(command: string): Turn {
  return { send: `${command}\r\n`, until: /^[+-][^\r\n]*\r\n$/ };
}

function lines(command: string): Turn {
  return { send: `${command}\r\n`, until: /^(-[^\r\n]*|\+OK[^\r\n]*\r\n([^]*\r\n)?\.)\r\n$/ };
}

export const POP: readonly Conversation[] = [
  {
    name: "fetching",
    protocol: "pop",
    turns: [
      lines("CAPA"),
      line("STAT"),
      lines("LIST"),
      line("LIST 2"),
      lines("UIDL"),
      line("UIDL 99"),
      ...MESSAGES.flatMap((_, index) => [lines(`RETR ${index + 1}`), lines(`TOP ${index + 1} 2`)]),
      { send: "STAT\r\nNOOP\r\nLIST 1\r\n", until: /^(\+OK[^\r\n]*\r\n){3}$/ },
      line("DELE 1"),
      line("RSET"),
      line("USER anna"),
      line("STLS"),
      line("nonsense \0\xff"),
      line("QUIT"),
    ],
  },
];
