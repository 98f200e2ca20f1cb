import { expect, test } from "bun:test";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["mbsync", "XOAUTH2 for mbsync"], "mbsync", (mailbox) => {
  test("fetches with the file that setup wrote, and again after the token was renewed", async () => {
    await mailbox.setUp("mbsync");
    await mailbox.deliver("first for mbsync");
    await mailbox.runs("mbsync", ["anna-mail-test"]);
    expect(mailbox.fetched("first for mbsync", "Maildir", "anna-mail-test", "INBOX")).toContain("Hello.");

    mailbox.world.expireNow();
    await mailbox.home.mailkey(["token", "--force", mailbox.address]);
    await mailbox.deliver("second for mbsync");
    await mailbox.runs("mbsync", ["-a"]);
    expect(mailbox.fetched("second for mbsync", "Maildir", "anna-mail-test", "INBOX")).toContain("Hello.");
    const version = await mailbox.version("mbsync");
    proved({
      recipe: "mbsync",
      program: "mbsync (isync)",
      version,
      fetches: true,
      sends: false,
      how: "IMAP, XOAUTH2 by SASL plugin",
    });
  });

  test("is as before after --remove, and the fetched mail stays", async () => {
    await mailbox.setUp("mbsync", "--remove");
    expect(await Bun.file(mailbox.path(".mbsyncrc")).exists()).toBe(false);
    expect(mailbox.maildir("Maildir", "anna-mail-test", "INBOX").length).toBeGreaterThan(0);
  });
});
