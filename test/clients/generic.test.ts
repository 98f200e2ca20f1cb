import { expect, test } from "bun:test";
import { generic } from "../../src/clients/generic.ts";
import { mailAccount, renderRequest } from "./rendering.ts";

test("the generic recipe changes nothing and says all that a program wants to know", async () => {
  const { edits, notes } = await generic.render(renderRequest([mailAccount("o'b@mail.test")]));
  expect(edits).toEqual([]);
  expect(notes.slice(0, 5)).toEqual([
    "IMAP: imap.mail.test, port 993, TLS, XOAUTH2",
    "SMTP: smtp.mail.test, port 587, STARTTLS, XOAUTH2",
    "User: o'b@mail.test",
    "Password command:\n    /usr/local/bin/mailkey token 'o'\\''b@mail.test'",
    `The same as a list:\n    ["/usr/local/bin/mailkey","token","o'b@mail.test"]`,
  ]);
});
