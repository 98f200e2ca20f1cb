/** Programs that reach the server through mailkey: what is particular to each. */
import { describe, expect, test } from "bun:test";
import { proxyConfig } from "../../src/accounts/proxy-config.ts";
import { alpine } from "../../src/clients/alpine.ts";
import { gnus } from "../../src/clients/gnus.ts";
import { mutt } from "../../src/clients/mutt.ts";
import { offlineimap } from "../../src/clients/offlineimap.ts";
import type { RenderRequest } from "../../src/clients/recipe.ts";
import { swaks } from "../../src/clients/swaks.ts";
import { splitWords } from "../../src/mutt-oauth2/shlex.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const anna = mailAccount("anna@mail.test");
const bob = mailAccount("bob@mail.test");

describe("by tunnel", () => {
  test("mutt sets its tunnel for mailkey's accounts, and for no other server", async () => {
    const rendering = await mutt.render(renderRequest([anna, bob], { way: "tunnel" }));
    const text = textFor(rendering, "/home/anna/.muttrc");
    const unset = text.indexOf('account-hook . "unset tunnel"');
    expect(unset).toBeGreaterThan(-1);
    expect(unset).toBeLessThan(text.indexOf("set tunnel ="));
    expect(text.match(/account-hook .*set tunnel = .*mailkey tunnel/g)).toHaveLength(4);
    expect(text).toContain('set folder = "imap://anna-mail-test/"');
    expect(text).toContain('mailboxes "imap://anna-mail-test/INBOX" "imap://bob-mail-test/INBOX"');
    expect(text).not.toMatch(/oauth|authenticators|mail[.]test:/);
  });

  test("OfflineIMAP needs neither a server nor Python", async () => {
    const { edits } = await offlineimap.render(renderRequest([mailAccount("a%b@mail.test")], { way: "tunnel" }));
    expect(edits).toHaveLength(1);
    expect(edits[0]?.text).toContain("\npreauthtunnel = /usr/local/bin/mailkey tunnel a%%b@mail.test\n");
    expect(edits[0]?.text).not.toMatch(/pythonfile|remotehost|oauth2/);
  });

  test("Gnus runs the command, and none of its own login", async () => {
    const rendering = await gnus.render(renderRequest([mailAccount("a%b@mail.test")], { way: "tunnel" }));
    const text = textFor(rendering, "/home/anna/.gnus.el");
    expect(text).toContain('(nnimap-shell-program "/usr/local/bin/mailkey tunnel a%%b@mail.test")');
    expect(text).not.toMatch(/xoauth2|auth-source/);
  });

  test("swaks is told in one line that shells take apart as it is meant", async () => {
    const account = mailAccount("o'b$(x)@mail.test");
    const { notes } = await swaks.render(renderRequest([account]));
    const line = notes
      .join("\n")
      .split("\n")
      .find((each) => each.startsWith("    swaks "));
    const words = splitWords(line ?? "") ?? [];
    expect(words[words.indexOf("--from") + 1]).toBe(account.address);
    expect(splitWords(words[words.indexOf("--pipe") + 1] ?? "")).toEqual([...account.tunnelCommands.smtp]);
  });
});

describe("by proxy", () => {
  const notesFor = async (request: RenderRequest) => (await alpine.render(request)).notes.join("\n");

  test("alpine is told the ports and the mailboxes, and no password", async () => {
    const notes = await notesFor(renderRequest([anna, bob]));
    expect(notes).toContain("    inbox-path={127.0.0.1:1143/user=anna@mail.test/notls}INBOX\n");
    expect(notes).toContain("    incoming-folders=bob-mail-test {127.0.0.1:1143/user=bob@mail.test/notls}INBOX\n");
    expect(notes).toContain(
      "    smtp-server=127.0.0.1:1587/user=anna@mail.test/notls,127.0.0.1:1587/user=bob@mail.test/notls\n",
    );
    expect(notes).toContain("    mailkey proxy password add bob@mail.test --device alpine");
  });

  test("alpine goes by TLS where the proxy wants it, and is refused where the proxy serves nothing", async () => {
    const secure = { proxy: proxyConfig({ require_tls: true }, {}) };
    const notes = await notesFor(renderRequest([anna], secure));
    expect(notes).toContain("127.0.0.1:1993/user=anna@mail.test/ssl/novalidate-cert");
    const none = { proxy: proxyConfig({ imap: false, imaps: false }, {}) };
    expect(() => alpine.render(renderRequest([anna], none))).toThrow("needs a port for imap");
  });

  test.each(["o'b@mail.test", "$x@mail.test", "a/b@mail.test"])("alpine is refused %s", (address) => {
    expect(() => alpine.render(renderRequest([mailAccount(address)]))).toThrow("alpine cannot log in as");
  });
});
