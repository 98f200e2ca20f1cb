import { describe, expect, test } from "bun:test";
import { mutt } from "../../src/clients/mutt.ts";
import { neomutt } from "../../src/clients/neomutt.ts";
import type { Recipe, Rendering, RenderRequest } from "../../src/clients/recipe.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const ANNA = mailAccount("anna@mail.test");
const BOB = mailAccount("bob.b+x@mail.test");
const MUTTRC = "/home/anna/.muttrc";
const NEOMUTTRC = "/home/anna/.config/neomutt/neomuttrc";

const render = (recipe: Recipe, request: RenderRequest) => recipe.render(request) as Rendering;
const request = (files: Readonly<Record<string, string>> = {}, overrides: Partial<RenderRequest> = {}) =>
  renderRequest([ANNA], { env: { HOME: "/home/anna" }, ...overrides }, files);
const pathOf = (recipe: Recipe, files: Readonly<Record<string, string>>) =>
  render(recipe, request(files)).edits[0]?.path;

describe("mutt's settings", () => {
  test("for one account are as a person would write them", () => {
    const rendering = render(mutt, request({}, { caFile: "/etc/ours.pem" }));
    expect(rendering.notes.join("\n")).toContain("mutt trusts /etc/ours.pem");
    expect(textFor(rendering, MUTTRC)).toBe(
      `set imap_authenticators = "xoauth2"
set imap_oauth_refresh_command = "/usr/local/bin/mailkey token anna@mail.test"
set from = "anna@mail.test"
set folder = "imaps://anna%40mail.test@imap.mail.test:993/"
set smtp_url = "smtp://anna%40mail.test@smtp.mail.test:587/"
set smtp_authenticators = "xoauth2"
set smtp_oauth_refresh_command = "/usr/local/bin/mailkey token anna@mail.test"
set spoolfile = "+INBOX"
set ssl_starttls = yes
set ssl_force_tls = yes
set certificate_file = "/etc/ours.pem"
`,
    );
  });

  test("name the mechanism that the provider prefers, and the server's kind of TLS", () => {
    const account = mailAccount("anna@mail.test", {
      servers: {
        imap: { host: "imap.mail.test", port: 143, security: "starttls" },
        smtp: { host: "smtp.mail.test", port: 465, security: "tls" },
      },
      mechanisms: { imap: ["OAUTHBEARER", "XOAUTH2"], smtp: ["OAUTHBEARER"] },
    });
    const text = textFor(render(mutt, renderRequest([account], { env: { HOME: "/home/anna" } })), MUTTRC);
    expect(text).toContain('imap_authenticators = "oauthbearer"');
    expect(text).toContain('smtp_authenticators = "oauthbearer"');
    expect(text).toContain("imap://anna%40mail.test@imap.mail.test:143/");
    expect(text).toContain("smtps://anna%40mail.test@smtp.mail.test:465/");
  });

  test("of an account that cannot send leave sending to sendmail, and say so", () => {
    const { imap } = ANNA.servers;
    const account = mailAccount("anna@mail.test", { servers: imap === undefined ? {} : { imap } });
    const rendering = render(mutt, renderRequest([account], { env: { HOME: "/home/anna" } }));
    expect(textFor(rendering, MUTTRC)).toContain("unset smtp_url\n");
    expect(textFor(rendering, MUTTRC)).not.toContain("smtp_oauth_refresh_command");
    expect(rendering.notes.join("\n")).toContain("anna@mail.test has no SMTP server");
  });

  test("are refused for an account without IMAP, and by versions without XOAUTH2", () => {
    const account = mailAccount("anna@mail.test", { servers: {} });
    expect(() => render(mutt, renderRequest([account], { env: { HOME: "/home/anna" } }))).toThrow("mutt needs IMAP");
    const old = (version: string) => request({}, { program: { path: "/usr/bin/x", version } });
    expect(() => render(mutt, old("1.14.6"))).toThrow("mutt 1.14.6 is too old");
    expect(() => render(neomutt, old("20200626"))).toThrow("neomutt 20200626 is too old");
    expect(() => render(mutt, old("2.2.12"))).not.toThrow();
    expect(() => render(neomutt, old("20220429"))).not.toThrow();
  });
});

describe("with several accounts", () => {
  const text = textFor(render(mutt, renderRequest([ANNA, BOB], { env: { HOME: "/home/anna" } })), MUTTRC);
  const lines = text.split("\n");

  test("each has its own hooks, and these come before the folders that make neomutt log in", () => {
    const hooks = lines.filter((line) => line.includes("-hook "));
    expect(hooks.filter((line) => line.includes("token bob.b+x@mail.test"))).toHaveLength(2);
    expect(hooks.filter((line) => line.includes("token anna@mail.test"))).toHaveLength(2);
    expect(lines.findIndex((line) => line.startsWith("mailboxes "))).toBeGreaterThan(lines.indexOf(hooks[3] ?? ""));
  });

  test("the hooks match an account's folders as the programs spell them, and nobody else's", () => {
    const pattern = /^account-hook "(imaps:\/\/bob.*?)" "/m.exec(text)?.[1]?.replaceAll("\\\\", "\\") ?? "nothing";
    const expression = new RegExp(pattern);
    for (const folder of [
      "imaps://bob.b+x@mail.test@imap.mail.test/INBOX",
      "imaps://bob.b+x@mail.test@imap.mail.test:993/INBOX",
      "imaps://bob.b%2Bx%40mail.test@imap.mail.test:993/",
    ]) {
      expect(folder).toMatch(expression);
    }
    for (const folder of [
      "imaps://anna@mail.test@imap.mail.test/INBOX",
      "imaps://bobxb+x@mail.test@imap.mail.test/INBOX",
      "imaps://bob.b+x@mail.test@imap.mail.test:9930/INBOX",
      "imaps://bob.b+x@mail.test@imap-mail.test/INBOX",
    ]) {
      expect(folder).not.toMatch(expression);
    }
  });
});

describe("the file", () => {
  test("is the one that mutt reads, or ~/.muttrc", () => {
    expect(pathOf(mutt, {})).toBe(MUTTRC);
    expect(pathOf(mutt, { "/home/anna/.mutt/muttrc": "", "/home/anna/.config/mutt/muttrc": "" })).toBe(
      "/home/anna/.mutt/muttrc",
    );
    expect(pathOf(mutt, { "/home/anna/.config/mutt/muttrc": "" })).toBe("/home/anna/.config/mutt/muttrc");
  });

  test("is the one that neomutt reads, which may be mutt's, or its own", () => {
    expect(pathOf(neomutt, {})).toBe(NEOMUTTRC);
    expect(pathOf(neomutt, { [MUTTRC]: "" })).toBe(MUTTRC);
    expect(pathOf(neomutt, { [MUTTRC]: "", "/home/anna/.neomuttrc": "" })).toBe("/home/anna/.neomuttrc");
  });
});

describe("what the user has set before", () => {
  const notesFor = (own: string) => render(mutt, request({ [MUTTRC]: own })).notes.join("\n");

  test("is named when it no longer counts", () => {
    const notes = notesFor('set from="anna@old.test" realname="Anna"\n# set folder=x\nset  smtp_url = "smtp://x/"\n');
    expect(notes).toContain(`${MUTTRC} sets from, smtp_url as well`);
    expect(notesFor("set sort = threads\n")).not.toContain("as well");
  });

  test("in hooks is named, since it still counts", () => {
    expect(notesFor("folder-hook work 'set from=anna@work.test'\n")).toContain("Your own hooks");
  });

  test("as a password gets the advice that such an account needs", () => {
    expect(notesFor("account-hook imaps://x 'set imap_pass=`pass x`'\n")).toContain("unset imap_authenticators");
  });
});
