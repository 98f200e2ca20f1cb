import { describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { goimapnotify } from "../../src/clients/goimapnotify.ts";
import type { Rendering } from "../../src/clients/recipe.ts";
import { run } from "../../src/platform/process.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const PATH = "/home/anna/.config/goimapnotify/mailkey.yaml";

const render = (...[first, ...rest]: [string, ...string[]]) =>
  goimapnotify.render(
    renderRequest([mailAccount(first), ...rest.map((each) => mailAccount(each))], { env: { HOME: "/home/anna" } }),
  ) as Rendering;

describe("goimapnotify's file", () => {
  test("watches each INBOX, with tokens, over TLS that is verified", () => {
    expect(parse(textFor(render("anna@mail.test", "bob@mail.test"), PATH))).toMatchObject({
      configurations: [
        {
          host: "imap.mail.test",
          port: 993,
          tls: true,
          tlsOptions: { rejectUnauthorized: true, starttls: false },
          username: "anna@mail.test",
          passwordCMD: "/usr/local/bin/mailkey token anna@mail.test",
          xoAuth2: true,
          boxes: [{ mailbox: "INBOX", onNewMail: "mbsync anna-mail-test", onNewMailPost: "SKIP" }],
        },
        { username: "bob@mail.test" },
      ],
    });
  });

  test("gives the shell the address as it is, and the program nothing to fill in", async () => {
    const address = `%s{{"\\x27"}}o'brien$(x)@mail.test`;
    const { configurations } = parse(textFor(render(address), PATH)) as { configurations: { passwordCMD: string }[] };
    const command = configurations[0]?.passwordCMD ?? "";
    expect(command).not.toContain("%s");
    expect(command).not.toContain("{{");
    const { stdout } = await run("/bin/sh", ["-c", command.replace("/usr/local/bin/mailkey token", "printf %s")]);
    expect(new TextDecoder().decode(stdout)).toBe(address);
  });

  test("is one that the program has to be told of, and that nobody tried", () => {
    const notes = render("anna@mail.test").notes.join("\n");
    expect(notes).toContain(`goimapnotify -conf ${PATH}`);
    expect(notes).toContain("not tried");
  });
});
