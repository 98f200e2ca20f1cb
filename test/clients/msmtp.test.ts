import { describe, expect, test } from "bun:test";
import { gitSendEmail } from "../../src/clients/git-send-email.ts";
import { msmtp } from "../../src/clients/msmtp.ts";
import type { Recipe } from "../../src/clients/recipe.ts";
import { mailAccount, renderRequest } from "./rendering.ts";

const ADDRESS = "you@hotmail.com";
const smtp = { host: "smtp.x.test", port: 587, security: "starttls" } as const;
const account = mailAccount(ADDRESS, { label: "you", servers: { smtp } });
const other = mailAccount("me@x.test", { label: "me", servers: { smtp: { ...smtp, port: 465, security: "tls" } } });

async function render(recipe: Recipe, files: Record<string, string> = {}, version?: string) {
  const program = version === undefined ? undefined : { path: "/usr/bin/git", version };
  const accounts = files["both"] === undefined ? ([account] as const) : ([account, other] as const);
  return recipe.render(
    renderRequest([...accounts], {
      home: "/home/me",
      env: { HOME: "/home/me" },
      program,
      read: (path: string) => files[path],
    }),
  );
}

describe("the msmtp recipe", () => {
  test("is the default only where there is none", async () => {
    expect((await render(msmtp)).edits[0]?.text).toContain("\naccount default : you\n");
    for (const own of ["account default\nhost x\n", "  account default : mine\n", "account default: mine\n"])
      expect((await render(msmtp, { "/home/me/.msmtprc": own })).edits[0]?.text).not.toContain("account default");
  });

  test("starts TLS as the server wants it, and never goes without", async () => {
    const text = (await render(msmtp, { both: "" })).edits[0]?.text ?? "";
    expect(text).toContain('port 587\nfrom "you@hotmail.com"\ntls on\ntls_starttls on\ntls_certcheck on\n');
    expect(text).toContain('port 465\nfrom "me@x.test"\ntls on\ntls_starttls off\ntls_certcheck on\n');
  });

  test("goes into the file that msmtp reads", async () => {
    const recent = { "/home/me/.config/msmtp/config": "" };
    expect((await render(msmtp, recent)).edits[0]?.path).toBe("/home/me/.config/msmtp/config");
    expect((await render(msmtp, { ...recent, "/home/me/.msmtprc": "" })).edits[0]?.path).toBe("/home/me/.msmtprc");
  });

  test.each([
    ["its server and sender", `defaults\ntls on\naccount mine\nhost smtp.x.test\nfrom ${ADDRESS}\n`, [3]],
    ["its server and user", `account mine\nhost "smtp.x.test"\nuser "${ADDRESS}"\n`, [1]],
    ["its label", "account you : base\nhost elsewhere.test\n", [1]],
    ["another sender", "account mine\nhost smtp.x.test\nfrom me@x.test\n", []],
    ["values for all accounts", `defaults\nhost smtp.x.test\nfrom ${ADDRESS}\n`, []],
  ])("knows a hand-made section by %s", async (_, own, lines) => {
    const { handMade = [] } = await render(msmtp, { "/home/me/.msmtprc": own });
    expect(handMade.map(({ line }) => line)).toEqual(lines);
  });
});

describe("the git send-email recipe", () => {
  test("runs msmtp, which chooses the account by the patch's sender", async () => {
    expect((await render(gitSendEmail, {}, "2.39.5")).edits[0]?.text).toBe(
      '[sendemail]\n\tsendmailCmd = "msmtp --read-envelope-from"\n',
    );
  });

  test("writes what a git from before 2.33 understands", async () => {
    expect((await render(gitSendEmail, {}, "2.30.2")).edits[0]?.text).toBe(
      '[sendemail]\n\tsmtpServer = "msmtp"\n\tsmtpServerOption = --read-envelope-from\n',
    );
  });

  test("knows a command that was set by hand, and no other section's", async () => {
    const own = "[user]\n\tsendmailCmd = x\n[SendEmail]\n\tSendmailcmd = msmtp\n";
    const { handMade = [] } = await render(gitSendEmail, { "/home/me/.gitconfig": own });
    expect(handMade.map(({ line }) => line)).toEqual([4]);
  });
});
