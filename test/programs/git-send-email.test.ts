import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["msmtp", "git send-email"], "git send-email", (mailbox) => {
  test("sends a patch through msmtp, which setup has set up with it", async () => {
    writeFileSync(mailbox.path(".gitconfig"), "[user]\n\tname = Anna\n\temail = anna@mail.test\n");
    await mailbox.setUp("git-send-email");
    const cwd = mailbox.path("repository");
    mkdirSync(cwd);
    await mailbox.runs("git", ["init", "-q", "."], { cwd });
    writeFileSync(join(cwd, "file"), "content\n");
    await mailbox.runs("git", ["add", "file"], { cwd });
    await mailbox.runs("git", ["commit", "-q", "-m", "add a file"], { cwd });
    await mailbox.runs("git", ["send-email", "--confirm=never", "--to=bert@mail.test", "-1"], { cwd });
    const text = await mailbox.arrived("[PATCH] add a file", "bert@mail.test");
    expect(text).toContain("+content");
    const version = await mailbox.version("git-send-email");
    proved({
      recipe: "git-send-email",
      program: "git send-email",
      version,
      fetches: false,
      sends: true,
      how: "through msmtp",
    });
  });
});
