import { describe, expect, test } from "bun:test";
import { fetchmail } from "../../src/clients/fetchmail.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const RC = "/home/anna/.fetchmailrc";
const ADDRESS = "anna@mail.test";
const anna = mailAccount(ADDRESS);
const pop = { pop: { host: "pop.mail.test", port: 995, security: "tls" } } as const;

describe("the fetchmail recipe", () => {
  test("has mailkey as the connection, leaves mail on the server, and knows no password", async () => {
    expect(textFor(await fetchmail.render(renderRequest([anna])), RC)).toBe(
      `poll anna-mail-test via localhost protocol imap
  auth ssh plugin "/usr/local/bin/mailkey tunnel anna@mail.test"
  user "anna@mail.test" sslproto "" keep
`,
    );
  });

  test("fetches by POP3 where there is no IMAP, and refuses an account with neither", async () => {
    const text = textFor(await fetchmail.render(renderRequest([mailAccount(ADDRESS, { servers: pop })])), RC);
    expect(text).toContain('protocol pop3\n  auth ssh plugin "/usr/local/bin/mailkey tunnel --protocol pop anna@');
    const neither = mailAccount(ADDRESS, { servers: {} });
    expect(() => fetchmail.render(renderRequest([neither]))).toThrow("needs POP3");
  });

  test("writes what is not plain by its number, and refuses what fetchmail would put a host in for", async () => {
    const text = textFor(await fetchmail.render(renderRequest([mailAccount('a"b`\\ä%x@mail.test')])), RC);
    expect(text).toContain(String.raw`tunnel a\x22b\x60\x5c\xc3\xa4%x@mail.test"`);
    for (const address of ["50%h@mail.test", "x%p@mail.test"]) {
      const request = renderRequest([mailAccount(address)]);
      expect(() => fetchmail.render(request)).toThrow(`cannot run a command with ${address}`);
    }
  });

  test("goes where FETCHMAILHOME says", async () => {
    const { edits } = await fetchmail.render(renderRequest([anna], { env: { FETCHMAILHOME: "/srv/fetch" } }));
    expect(edits.map(({ path }) => path)).toEqual(["/srv/fetch/fetchmailrc"]);
  });

  test.each([
    [`poll imap.mail.test\n  user "${ADDRESS}" keep\n`, [2]],
    [`poll imap.mail.test username '${ADDRESS.toUpperCase()}'\n`, [1]],
    [`poll imap.mail.test with user ${ADDRESS}, keep\n`, [1]],
    [`poll imap.mail.test\n  user "bob@mail.test"\n`, []],
    [`# poll imap.mail.test user "${ADDRESS}"\n`, []],
  ])("knows a hand-made entry by its user: %j", async (own, lines) => {
    const { handMade = [] } = await fetchmail.render(renderRequest([anna], {}, { [RC]: own }));
    expect(handMade.map(({ line }) => line)).toEqual(lines);
  });
});
