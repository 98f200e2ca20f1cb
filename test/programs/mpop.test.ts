import { expect, test } from "bun:test";
import { withMailbox } from "./harness.ts";
import { lockOut, tokensIn } from "./locked-out.ts";
import { proved } from "./proof.ts";

const INBOX = ["Maildir", "anna-mail-test-mpop", "INBOX"] as const;

withMailbox(["mpop"], "mpop", (mailbox) => {
  test("fetches with the file that setup wrote, once, and leaves the mail on the server", async () => {
    await mailbox.setUp("mpop");
    await mailbox.deliver("for mpop");
    for (const _ of ["first", "again"]) await mailbox.runs("mpop", ["anna-mail-test"]);
    expect(mailbox.maildir(...INBOX)).toHaveLength(1);
    expect(mailbox.fetched("for mpop", ...INBOX)).toContain("Hello.");
    expect(mailbox.world.inbox(mailbox.address)).toHaveLength(1);
    const version = await mailbox.version("mpop");
    proved({ recipe: "mpop", program: "mpop", version, fetches: true, sends: false, how: "POP3, XOAUTH2" });
  });

  test("fails without a token, showing none", async () => {
    mailbox.world.expireNow();
    const refused = await mailbox.run("mpop", ["anna-mail-test"]);
    expect(refused.status).toBe(77);
    await lockOut(mailbox);
    const without = await mailbox.run("mpop", ["anna-mail-test"]);
    expect(without.status).toBe(78);
    expect(without.stderr).toContain("cannot read output of");
    expect(tokensIn(refused.stdout + refused.stderr + without.stdout + without.stderr, mailbox)).toEqual([]);
  });
});
