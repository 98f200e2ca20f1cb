import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { withMailbox } from "./harness.ts";
import { lockOut, tokensIn } from "./locked-out.ts";
import { proved } from "./proof.ts";

withMailbox(["curl"], "curl", (mailbox) => {
  const script = (protocol: string) => mailbox.path(".config", "curl-mailkey", `anna-mail-test-${protocol}`);

  test("looks into the mailbox and sends with the scripts that setup wrote", async () => {
    const { stdout } = await mailbox.setUp("curl");
    expect(stdout).toContain(`sh ${script("imap")} -X 'STATUS INBOX`);
    await mailbox.deliver("for curl");
    const status = await mailbox.runs("sh", [script("imap"), "-X", "STATUS INBOX (MESSAGES UNSEEN)"]);
    expect(status.stdout).toContain("* STATUS INBOX (MESSAGES 1 UNSEEN 1)");
    expect((await mailbox.runs("sh", [script("pop")])).stdout).toMatch(/^1 \d+\r?\n$/);
    const sending = [script("smtp"), "--mail-rcpt", "bert@mail.test", "-T", "-"];
    await mailbox.runs("sh", sending, { input: mailbox.message("from curl", "bert@mail.test") });
    await mailbox.arrived("from curl", "bert@mail.test");
    const version = await mailbox.version("curl");
    proved({ recipe: "curl", program: "curl", version, fetches: true, sends: true, how: "IMAP, POP3, SMTP, XOAUTH2" });
  });

  test("never has the token on its command line", async () => {
    // In curl's place: a program that shows what every user could see of it, and what came in where only it could read.
    const pretender = mailbox.path("curl");
    writeFileSync(
      pretender,
      "#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline\ntr '\\0' '\\n' </proc/$$/environ\ncat <&3 >got\n",
      {
        mode: 0o755,
      },
    );
    const text = readFileSync(script("imap"), "utf8");
    const [, real = ""] = /^exec (\S+)/m.exec(text) ?? [];
    expect(real).toEndWith("/curl");
    const seen = await mailbox.runs("sh", [
      "-c",
      text.replace(`exec ${real}`, `exec ${pretender}`),
      "sh",
      "-X",
      "NOOP",
    ]);
    expect(seen.stdout).toContain("--login-options");
    expect(tokensIn(seen.stdout, mailbox)).toEqual([]);
    expect(tokensIn(readFileSync(mailbox.path("got"), "utf8"), mailbox)).toHaveLength(1);
  });

  test("does not connect without a token", async () => {
    await lockOut(mailbox);
    const result = await mailbox.run("sh", [script("imap"), "-X", "NOOP"]);
    expect(result.status).toBe(77);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("mailkey");
    expect(result.stderr).not.toContain("curl");
  });
});
