import { expect, test } from "bun:test";
import { proxyConfig } from "../../src/accounts/proxy-config.ts";
import { generic } from "../../src/clients/generic.ts";
import { mailAccount, renderRequest } from "./rendering.ts";

test("the generic recipe changes nothing and says all that a program wants to know", async () => {
  const { edits, notes } = await generic.render(renderRequest([mailAccount("o'b@mail.test")]));
  expect(edits).toEqual([]);
  expect(notes.slice(0, 6)).toEqual([
    "A program that knows XOAUTH2 or OAUTHBEARER, and runs a command for its password:",
    "IMAP: imap.mail.test, port 993, TLS, XOAUTH2",
    "SMTP: smtp.mail.test, port 587, STARTTLS, XOAUTH2",
    "User: o'b@mail.test",
    "Password command:\n    /usr/local/bin/mailkey token 'o'\\''b@mail.test'",
    `The same as a list:\n    ["/usr/local/bin/mailkey","token","o'b@mail.test"]`,
  ]);
});

test("the generic recipe tells of the tunnel and the proxy as well, or of one of them", async () => {
  const account = mailAccount("anna@mail.test");
  const { notes } = await generic.render(renderRequest([account]));
  expect(notes).toContain("IMAP, logged in already:\n    /usr/local/bin/mailkey tunnel anna@mail.test");
  expect(notes).toContain("SMTP, logged in already:\n    /usr/local/bin/mailkey tunnel --protocol smtp anna@mail.test");
  expect(notes).toContain("IMAP: 127.0.0.1, port 1143 without TLS or with STARTTLS, port 1993 with TLS");
  const headings = notes.filter((note) => note.startsWith("A program"));
  expect(headings.map((heading) => notes[notes.indexOf(heading) - 1])).toEqual([undefined, "", ""]);
  const alone = await generic.render(renderRequest([account], { way: "proxy" }));
  expect(alone.notes.length).toBeLessThan(notes.length);
  expect(alone.notes).toContain("User: anna@mail.test");
  expect(alone.notes.join("\n")).toContain("mailkey proxy password add anna@mail.test");
  expect(alone.notes.join("\n")).not.toContain("mailkey token");
});

test("the generic recipe names the ports and addresses of the user's settings", async () => {
  const proxy = proxyConfig({ listen: ["192.0.2.7", "::1"], imap: false, imaps: 993, require_tls: true }, {});
  const { notes } = await generic.render(renderRequest([mailAccount("anna@mail.test")], { way: "proxy", proxy }));
  expect(notes).toContain("IMAP: ::1, port 993 with TLS");
  expect(notes).toContain("SMTP: ::1, port 1465 with TLS");
});

test.each([
  [["0.0.0.0"], "IMAP: 127.0.0.1, port 1993 with TLS"],
  [["::"], "IMAP: ::1, port 1993 with TLS"],
  [["192.0.2.7"], "IMAP: 192.0.2.7, port 1993 with TLS"],
  [["0.0.0.0", "127.0.0.2"], "IMAP: 127.0.0.2, port 1143 without TLS or with STARTTLS, port 1993 with TLS"],
])(
  "the generic recipe names an address that can be connected to, and TLS where it is wanted: %j",
  async (listen, line) => {
    const proxy = proxyConfig({ listen, remote: true }, {});
    const { notes } = await generic.render(renderRequest([mailAccount("anna@mail.test")], { way: "proxy", proxy }));
    expect(notes).toContain(line);
  },
);
