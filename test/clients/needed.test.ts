import { describe, expect, test } from "bun:test";
import { neededMechanism, neededServer, neededTlsServer, neededVersion } from "../../src/clients/needed.ts";
import type { MailAccount } from "../../src/clients/recipe.ts";
import { renderRequest } from "./rendering.ts";

const account: MailAccount = {
  address: "anna@mail.test",
  user: "anna@mail.test",
  label: "anna-mail-test",
  servers: {
    imap: { host: "imap.mail.test", port: 993, security: "tls" },
    smtp: { host: "smtp.mail.test", port: 587, security: "starttls" },
  },
  mechanisms: { imap: ["OAUTHBEARER", "XOAUTH2"], smtp: ["OAUTHBEARER"] },
  tokenCommand: ["/usr/bin/mailkey", "token", "anna@mail.test"],
  tunnelCommands: { imap: ["mailkey"], pop: ["mailkey"], smtp: ["mailkey"] },
};

describe("what a recipe needs of an account", () => {
  test("a server that the account lacks is named, with the account and the program", () => {
    expect(() => neededServer(account, "pop", "mpop")).toThrow("mpop needs POP3, and anna@mail.test has none");
  });

  test("a server whose TLS starts later is refused where the program would go on without TLS", () => {
    expect(neededTlsServer(account, "imap", "getmail").port).toBe(993);
    expect(() => neededTlsServer(account, "smtp", "getmail")).toThrow("not safe with STARTTLS");
  });

  test("the mechanism is the provider's first that the program speaks", () => {
    expect(neededMechanism(account, "imap", "x", ["XOAUTH2", "OAUTHBEARER"])).toBe("OAUTHBEARER");
    expect(neededMechanism(account, "imap", "x", ["XOAUTH2"])).toBe("XOAUTH2");
    expect(neededMechanism(account, "pop", "x", ["XOAUTH2"])).toBe("XOAUTH2");
    expect(() => neededMechanism(account, "smtp", "x", ["XOAUTH2"])).toThrow("x does not speak OAUTHBEARER");
  });

  test("a program that is too old is refused; one that does not say its version, or is not there yet, is not", () => {
    const withVersion = (version: string | undefined) => renderRequest([account], { program: { path: "/x", version } });
    expect(() => neededVersion(withVersion("1.9.9"), "x", "1.10")).toThrow(
      "x 1.9.9 is too old for tokens: 1.10 is the first",
    );
    for (const version of ["1.10", "1.10.0", "2", undefined]) neededVersion(withVersion(version), "x", "1.10");
    neededVersion(renderRequest([account]), "x", "1.10");
  });
});
