import { describe, expect, test } from "bun:test";
import { resolveAccount } from "../../src/accounts/resolve.ts";
import { labelsOf, mailAccountOf, tokenCommandOf } from "../../src/clients/account.ts";

describe("labels", () => {
  test("are readable", () => {
    expect(Object.fromEntries(labelsOf(["Anna.Smith@Mail.test"]))).toEqual({
      "anna.smith@mail.test": "anna-smith-mail-test",
    });
  });

  test("are unique, and fit for names of sections, whatever the addresses are", () => {
    const addresses = [
      "a.b@x.test",
      "a-b@x.test",
      "a+b@x.test",
      "日本@x.test",
      "o'brien+$(touch x)`@x.test".replace(" ", ""),
    ];
    const labels = [...labelsOf(addresses).values()];
    expect(labels).toHaveLength(addresses.length);
    expect(new Set(labels).size).toBe(addresses.length);
    for (const label of labels) expect(label).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  test("do not depend on the order of the addresses", () => {
    const addresses = ["a.b@x.test", "a-b@x.test", "c@x.test"];
    expect(labelsOf(addresses.toReversed())).toEqual(labelsOf(addresses));
  });
});

describe("an account for mail programs", () => {
  test("has the provider's servers: personal Outlook and work accounts send through different ones", async () => {
    const serverOf = async (provider: string) => {
      const account = await resolveAccount({ address: "me@x.test", provider, client: { id: "c" } });
      return mailAccountOf(account, labelsOf(["me@x.test"]), "/bin/mailkey").servers.smtp?.host;
    };
    expect(await serverOf("microsoft-personal")).toBe("smtp-mail.outlook.com");
    expect(await serverOf("microsoft")).toBe("smtp.office365.com");
  });

  test("names the user of the SASL string, which is not the address for some", async () => {
    const account = await resolveAccount({
      address: "me@x.test",
      user: "box",
      provider: "google",
      client: { id: "c" },
    });
    expect(mailAccountOf(account, new Map(), "/bin/mailkey")).toMatchObject({ user: "box", address: "me@x.test" });
  });

  test("has another command where the agent keeps its token in a file", async () => {
    const account = await resolveAccount({ address: "me@x.test", provider: "google", client: { id: "c" } });
    const { tokenCommand, fileCommand } = mailAccountOf(account, new Map(), "/bin/mailkey", "/run/me/tokens/me@x.test");
    expect(tokenCommand).toEqual(["/bin/mailkey", "token", "me@x.test"]);
    expect(fileCommand).toEqual(["/bin/cat", "/run/me/tokens/me@x.test"]);
    expect(mailAccountOf(account, new Map(), "/bin/mailkey").fileCommand).toBeUndefined();
  });

  test("gets its token by a command in which the address cannot pass for a flag", () => {
    expect(tokenCommandOf("me@x.test", "/bin/mailkey")).toEqual(["/bin/mailkey", "token", "me@x.test"]);
    expect(tokenCommandOf("-f@x.test", "/bin/mailkey")).toEqual(["/bin/mailkey", "token", "--", "-f@x.test"]);
  });
});
