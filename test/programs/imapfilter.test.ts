import { beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { addHostileAccount, deliverToHostileUser, renewToken } from "./accounts.ts";
import { withMailbox } from "./harness.ts";
import { lockOut } from "./locked-out.ts";
import { proved } from "./proof.ts";

/** As a user writes them: below mailkey's block, with its table. */
const RULES = `for _, account in pairs(mailkey) do
  for _, message in ipairs(account.INBOX:is_unseen()) do
    print(account.INBOX[message[2]]:fetch_message())
  end
end
`;

withMailbox(["imapfilter"], "imapfilter", (mailbox) => {
  const trusting = () => ["-t", mailbox.world.caFile];
  beforeAll(() => {
    mkdirSync(mailbox.path(".imapfilter"), { mode: 0o700 });
    writeFileSync(mailbox.path(".imapfilter", "config.lua"), RULES);
  });

  test("applies the user's rules with the file that setup wrote into, and again after the token was renewed", async () => {
    const { stdout } = await mailbox.setUp("imapfilter");
    expect(stdout.replace(/\s+/g, " ")).toContain(`imapfilter ${trusting().join(" ")}`);
    await mailbox.deliver("first for imapfilter");
    expect((await mailbox.runs("imapfilter", trusting())).stdout).toContain("Subject: first for imapfilter");

    await renewToken(mailbox);
    await mailbox.deliver("second for imapfilter");
    expect((await mailbox.runs("imapfilter", trusting())).stdout).toContain("Subject: second for imapfilter");

    const version = await mailbox.version("imapfilter");
    const program = "imapfilter";
    proved({ recipe: program, program, version, fetches: true, sends: false, how: "IMAP, XOAUTH2" });
  });

  test("asks for each account's own token, whatever the address is made of", async () => {
    await addHostileAccount(mailbox);
    await mailbox.setUp("imapfilter");
    await deliverToHostileUser(mailbox, "only for bob");
    expect((await mailbox.runs("imapfilter", trusting())).stdout).toContain("Subject: only for bob");
    expect(existsSync(mailbox.path("pwned"))).toBe(false);
  });

  test("ends at once, with mailkey's reason, when the sign-in is over", async () => {
    await mailbox.setUp("imapfilter");
    await lockOut(mailbox);
    const { status, stderr } = await mailbox.run("imapfilter", trusting());
    expect(status).not.toBe(0);
    expect(status).not.toBe(124);
    expect(stderr).toContain("mailkey: error: ");
    expect(stderr).toContain("no token from: ");
  });
});
