import { describe, expect, test } from "bun:test";
import { parse } from "smol-toml";
import { himalaya } from "../../src/clients/himalaya.ts";
import type { Rendering, RenderRequest } from "../../src/clients/recipe.ts";
import { shellLine } from "../../src/platform/shell.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const PATH = "/home/anna/.config/himalaya/config.toml";
const HOSTILE = "o'brien+$(x)\"\\`#@mail.test";

const render = (version: string | undefined, address = "anna@mail.test", own?: string, caFile?: string) => {
  const program = version === undefined ? undefined : { path: "/usr/bin/himalaya", version };
  const overrides: Partial<RenderRequest> = { env: { HOME: "/home/anna" }, program, caFile };
  return himalaya.render(
    renderRequest(
      [mailAccount(address), mailAccount("bob@mail.test")],
      overrides,
      own === undefined ? {} : { [PATH]: own },
    ),
  ) as Rendering;
};
const accountsOf = (rendering: Rendering) => parse(textFor(rendering, PATH))["accounts"];

describe("himalaya's config.toml", () => {
  test("of version 2 has the token from a command", () => {
    expect(accountsOf(render(undefined, "anna@mail.test", undefined, "/etc/ours.pem"))).toMatchObject({
      "anna-mail-test": {
        email: "anna@mail.test",
        default: true,
        imap: {
          server: "imaps://imap.mail.test:993",
          tls: { cert: "/etc/ours.pem" },
          sasl: {
            xoauth2: {
              username: "anna@mail.test",
              token: { command: ["/usr/local/bin/mailkey", "token", "anna@mail.test"] },
            },
          },
        },
        smtp: {
          server: "smtp://smtp.mail.test:587",
          starttls: true,
          sasl: { xoauth2: { username: "anna@mail.test" } },
        },
      },
      "bob-mail-test": { email: "bob@mail.test" },
    });
  });

  test("of version 1 has the token from a command, beside what that version insists on", () => {
    const auth = {
      type: "oauth2",
      method: "xoauth2",
      "client-id": "mailkey",
      "access-token": { cmd: "/usr/local/bin/mailkey token anna@mail.test" },
    };
    const rendering = render("1.2.0");
    expect(accountsOf(rendering)).toMatchObject({
      "anna-mail-test": {
        backend: {
          type: "imap",
          host: "imap.mail.test",
          port: 993,
          encryption: { type: "tls" },
          login: "anna@mail.test",
          auth,
        },
        message: { send: { backend: { type: "smtp", port: 587, encryption: { type: "start-tls" }, auth } } },
      },
    });
    expect(rendering.notes.join("\n")).toContain("+oauth2");
  });

  test("holds any address unharmed", () => {
    expect(accountsOf(render("2.0.0", HOSTILE))).toMatchObject({
      "o-brien-x-mail-test": {
        email: HOSTILE,
        imap: { sasl: { xoauth2: { token: { command: ["/usr/local/bin/mailkey", "token", HOSTILE] } } } },
      },
    });
    expect(accountsOf(render("1.1.0", HOSTILE))).toMatchObject({
      "o-brien-x-mail-test": {
        backend: { auth: { "access-token": { cmd: shellLine(["/usr/local/bin/mailkey", "token", HOSTILE]) } } },
      },
    });
  });

  test("leaves the user's default account the default", () => {
    const own = '[accounts.mine]\nemail = "me@x.test"\ndefault = true\n';
    expect(textFor(render("2.0.0", "anna@mail.test", own), PATH)).not.toContain("default");
  });

  test("is not written where the user has such an account", () => {
    const own = '# mine\n[accounts.work]\nemail = "Anna@Mail.test"\nimap.server = "x"\n\n[accounts."bob-mail-test"]\n';
    expect(render("2.0.0", "anna@mail.test", own).handMade).toEqual([
      { path: PATH, line: 2, address: "anna@mail.test" },
      { path: PATH, line: 6, address: "bob@mail.test" },
    ]);
  });

  test("says that nobody tried it, and is refused to versions of another form", () => {
    expect(render("2.0.0").notes.join("\n")).toContain("not tried");
    expect(() => render("0.9.0")).toThrow("himalaya 0.9.0 is too old");
  });

  test("has a version that is found in what the program prints", () => {
    expect(himalaya.versionPattern?.exec("himalaya v1.1.0 +imap +oauth2\nbuild: linux")?.[1]).toBe("1.1.0");
    expect(himalaya.versionPattern?.exec("himalaya 2.0.0")?.[1]).toBe("2.0.0");
  });
});
