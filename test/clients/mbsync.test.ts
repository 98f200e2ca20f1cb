import { describe, expect, test } from "bun:test";
import { mbsync } from "../../src/clients/mbsync.ts";
import { mailAccount, renderRequest } from "./rendering.ts";

const ADDRESS = "you@hotmail.com";
const account = mailAccount(ADDRESS, {
  label: "you",
  servers: { imap: { host: "imap.x.test", port: 993, security: "tls" } },
});

async function render(files: Record<string, string> = {}, version?: string) {
  const program = version === undefined ? undefined : { path: "/usr/bin/mbsync", version };
  return mbsync.render(
    renderRequest([account], {
      home: "/home/me",
      env: { HOME: "/home/me" },
      program,
      read: (path: string) => files[path],
    }),
  );
}

describe("the mbsync recipe", () => {
  test.each([
    [undefined, "SSLType IMAPS"],
    ["1.4.4", "SSLType IMAPS"],
    ["1.5.0", "TLSType IMAPS"],
    ["1.10", "TLSType IMAPS"],
  ])("speaks the language of version %s", async (version, line) => {
    expect((await render({}, version)).edits[0]?.text).toContain(`\n${line}\n`);
  });

  test("goes into the XDG file where mbsync would read that one", async () => {
    const recent = { "/home/me/.config/isyncrc": "", "/home/me/.mbsyncrc": "" };
    expect((await render(recent, "1.5.1")).edits[0]?.path).toBe("/home/me/.config/isyncrc");
    expect((await render(recent, "1.4.4")).edits[0]?.path).toBe("/home/me/.mbsyncrc");
    expect((await render({}, "1.5.1")).edits[0]?.path).toBe("/home/me/.mbsyncrc");
  });

  test("leaves an empty line on both sides, as a section would go on through comments", async () => {
    expect((await render()).edits[0]?.text).toMatch(/^\nIMAPAccount [^]*\n\n$/);
  });

  test("has the Maildir made, which mbsync does not do", async () => {
    expect((await render()).folders).toEqual(["/home/me/Maildir/you"]);
  });

  test.each([
    [true, undefined, "token"],
    [undefined, undefined, "token"],
    [false, undefined, "tunnel"],
    [false, "token", "token"],
    [true, "tunnel", "tunnel"],
  ] as const)("with a plugin for tokens: %p, asked for: %s, goes by %s", async (plugin, way, expected) => {
    const program = { path: "/usr/bin/mbsync", version: "1.4.4" };
    const request = renderRequest([account], { program, way, hasTokenPlugin: async () => plugin });
    const rendering = await mbsync.render(request);
    expect(rendering.way).toBe(expected);
    const text = rendering.edits[0]?.text ?? "";
    expect(text.includes('\nTunnel "/usr/local/bin/mailkey tunnel you@hotmail.com"\n')).toBe(expected === "tunnel");
    expect(/^(?:Host|PassCmd|AuthMechs|SSLType)/m.test(text)).toBe(expected === "token");
  });

  test.each([
    ["its server and user", `# x\n\nIMAPAccount mine\nHost IMAP.x.test\nUser ${ADDRESS}\n`, [3]],
    ["both in quotes", `IMAPAccount mine\nHost "imap.x.test"\n  user "${ADDRESS}"\n`, [1]],
    ["a store with its server and user", `IMAPStore mine\nHost imap.x.test\nUser ${ADDRESS}\n`, [1]],
    ["the account's label", "IMAPAccount you\nHost elsewhere.test\n", [1]],
    ["another user", "IMAPAccount mine\nHost imap.x.test\nUser me@x.test\n", []],
    ["another server", `IMAPAccount mine\nHost mail.x.test\nUser ${ADDRESS}\n`, []],
    [
      "the server and the user in two sections",
      `IMAPAccount a\nHost imap.x.test\n\nIMAPAccount b\nUser ${ADDRESS}\n`,
      [],
    ],
    ["its section commented out", `# IMAPAccount mine\n# Host imap.x.test\n# User ${ADDRESS}\n`, []],
  ])("knows a hand-made section by %s", async (_, own, lines) => {
    const { handMade = [] } = await render({ "/home/me/.mbsyncrc": own });
    expect(handMade.map(({ line }) => line)).toEqual(lines);
  });

  test("refuses an account without IMAP", async () => {
    const request = renderRequest([mailAccount(ADDRESS, { servers: {} })], {
      home: "/home/me",
      env: { HOME: "/home/me" },
    });
    const outcome: unknown = await Promise.resolve(mbsync.render(request)).catch((error: unknown) => error);
    expect(String(outcome)).toContain("needs IMAP");
  });
});
