import { expect, test } from "bun:test";
import { succeeded } from "../e2e/harness.ts";
import { PRINT_ALL_BUFFERS, runEmacs, wrongTokens } from "./emacs.ts";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

/** Without the file in which Gnus keeps what a crash would lose: the next run would ask about it. */
const START = "(setq gnus-use-dribble-file nil)\n(gnus)\n";

withMailbox(["emacs"], "Gnus", (mailbox) => {
  test("reads with the file that setup wrote, and again after the token was renewed", async () => {
    await mailbox.setUp("gnus");
    await mailbox.deliver("first for Gnus");
    await mailbox.deliver("second for Gnus");
    const read = (number: number) =>
      runEmacs(
        mailbox,
        `${START}(gnus-request-article ${number} "nnimap+anna-mail-test:INBOX")
${PRINT_ALL_BUFFERS}`,
      );
    const first = succeeded(await read(1));
    expect(first.stdout).toContain("Subject: first for Gnus");
    expect(first.stdout).toMatch(/^ +2: nnimap\+anna-mail-test:INBOX/m);

    mailbox.world.expireNow();
    succeeded(await mailbox.home.mailkey(["token", "--force", mailbox.address]));
    const second = succeeded(await read(2));
    expect(second.stdout).toContain("Subject: second for Gnus");
    expect(mailbox.world.secrets.length).toBeGreaterThan(0);
    for (const secret of mailbox.world.secrets) expect(first.stdout + second.stdout).not.toContain(secret);
    const version = await mailbox.version("gnus");
    proved({ recipe: "gnus", program: "Gnus", version, fetches: true, sends: false, how: "IMAP, XOAUTH2" });
  });

  test("a token that the server refuses ends in the server's words, and is in no buffer", async () => {
    const token = await wrongTokens(mailbox, mailbox.path(".gnus.el"));
    const { stdout, stderr } = await runEmacs(mailbox, START + PRINT_ALL_BUFFERS);
    expect(stdout + stderr).toContain("failed: NO (AUTHENTICATIONFAILED) Authentication failed.");
    expect(stdout + stderr).not.toContain(token);
  });
});
