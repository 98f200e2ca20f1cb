import { expect, test } from "bun:test";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["msmtp"], "msmtp", (mailbox) => {
  test("sends by default, by account, and in sendmail's place", async () => {
    await mailbox.setUp("msmtp");
    const send = (args: readonly string[], subject: string, to = mailbox.address) =>
      mailbox.runs("msmtp", args, { input: mailbox.message(subject, to) });
    await send([mailbox.address], "by default");
    await send(["-a", "anna-mail-test", "bert@mail.test"], "by account", "bert@mail.test");
    await send(["--read-envelope-from", "-t"], "as sendmail");
    expect(await mailbox.arrived("by default")).toContain("Hello.");
    await mailbox.arrived("by account", "bert@mail.test");
    await mailbox.arrived("as sendmail");
    const version = await mailbox.version("msmtp");
    proved({ recipe: "msmtp", program: "msmtp", version, fetches: false, sends: true, how: "SMTP, XOAUTH2" });
  });

  test("keeps a default account that was there, and sends by ours for our address", async () => {
    await mailbox.setUp("msmtp", "--remove");
    await Bun.write(mailbox.path(".msmtprc"), "account default\nhost 127.0.0.1\nport 9\nfrom me@other.test\n");
    await mailbox.runs("chmod", ["600", mailbox.path(".msmtprc")]);
    await mailbox.setUp("msmtp");
    await mailbox.runs("msmtp", ["--read-envelope-from", "-t"], { input: mailbox.message("beside another") });
    await mailbox.arrived("beside another");
    const other = await mailbox.run("msmtp", ["--pretend", "me@other.test"], { input: "Subject: x\n\nx\n" });
    expect(other.stdout).toContain("host = 127.0.0.1");
  });
});
