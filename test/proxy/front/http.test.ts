import { expect, test } from "bun:test";
import { SPEECHES } from "../../../src/proxy/front/speeches.ts";
import { Conversation, OPTIONS } from "./conversation.ts";

const REQUESTS = [
  "POST / HTTP/1.1",
  "get /a/b?c HTTP/1.0",
  "OPTIONS * HTTP/1.1",
  "PUT http://127.0.0.1:1143/ HTTP/1.1",
  "EHLO /x HTTP/1.1",
];
const LOGINS = {
  imap: "a LOGIN anna wrong\r\n",
  pop: "USER anna\r\nPASS wrong\r\n",
  smtp: "EHLO x\r\nAUTH PLAIN AGFubmEAd3Jvbmc=\r\n",
};

test("a web page's request ends the conversation before what is in it is read, in every protocol", () => {
  for (const protocol of ["imap", "pop", "smtp"] as const)
    for (const request of REQUESTS) {
      const page = new Conversation(SPEECHES[protocol].front(OPTIONS));
      const said = page.send(`${request}\r\n${LOGINS[protocol]}`);
      expect(said).toMatch(/^[^\n]* this is \w+, not HTTP\r\n$/);
      expect({ request, end: page.end, logins: page.logins }).toEqual({ request, end: "leave", logins: [] });
      const program = new Conversation(SPEECHES[protocol].front(OPTIONS));
      program.send(LOGINS[protocol]);
      expect(program.logins).toHaveLength(1);
    }
});

test("the beginning of TLS, in which a web page can hide lines as a session ticket, ends it as well", () => {
  for (const protocol of ["imap", "pop", "smtp"] as const) {
    const browser = new Conversation(SPEECHES[protocol].front(OPTIONS));
    expect(browser.send(`\x16\x03\x01\x02\0\x01ticket\r\n${LOGINS[protocol]}`)).toMatch(/NUL[^\n]*\r\n$/);
    expect({ end: browser.end, logins: browser.logins }).toEqual({ end: "leave", logins: [] });
  }
});

test("a password may speak of HTTP", () => {
  const client = new Conversation(SPEECHES.pop.front(OPTIONS));
  client.send("USER anna\r\nPASS my HTTP/1.1\r\n");
  expect(client.logins[0]?.password).toBe("my HTTP/1.1");
});
