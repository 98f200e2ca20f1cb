import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { finish } from "../e2e/harness.ts";
import { waitFor, withMailbox } from "./harness.ts";
import { lockOut, tokensIn } from "./locked-out.ts";
import { proved } from "./proof.ts";

const INBOX = ["Maildir", "anna-mail-test-offlineimap", "INBOX"] as const;

withMailbox(["offlineimap"], "OfflineIMAP", (mailbox) => {
  test("fetches with the files that setup wrote", async () => {
    await mailbox.setUp("offlineimap");
    await mailbox.deliver("first for offlineimap");
    await mailbox.runs("offlineimap");
    expect(mailbox.fetched("first for offlineimap", ...INBOX)).toContain("Hello.");
    const version = await mailbox.version("offlineimap");
    proved({
      recipe: "offlineimap",
      program: "OfflineIMAP",
      version,
      fetches: true,
      sends: false,
      how: "IMAP, XOAUTH2",
    });
  });

  test("asks for a token each time it logs in, not once for all its days", async () => {
    const config = mailbox.path(".offlineimaprc");
    const synchronised = mailbox.path("synchronised");
    const once = readFileSync(config, "utf8");
    const forDays = once.replace(
      "[Account anna-mail-test]\n",
      `$&autorefresh = 0.01\npostsynchook = touch ${synchronised}\n`,
    );
    expect(forDays).not.toBe(once);
    writeFileSync(config, forDays);
    const child = spawn("offlineimap", [], { env: mailbox.home.environment(), cwd: mailbox.home.folder });
    const ended = finish(child);
    try {
      await waitFor("the first synchronisation", () => existsSync(synchronised) || undefined);
      mailbox.world.expireNow();
      await mailbox.home.mailkey(["token", "--force", mailbox.address]);
      await mailbox.deliver("after renewal");
      await waitFor("the message after the renewal", () => mailbox.fetched("after renewal", ...INBOX));
    } finally {
      child.kill("SIGKILL");
      await ended;
      writeFileSync(config, once);
    }
  });

  test("shows no token, not even of a failed login, and says what to run when there is none", async () => {
    mailbox.world.expireNow();
    const refused = await mailbox.run("offlineimap");
    expect(refused.status).toBe(1);
    expect(refused.stdout + refused.stderr).toContain("XOAUTH2 authentication failed");
    await lockOut(mailbox);
    const without = await mailbox.run("offlineimap");
    expect(without.status).toBe(1);
    const said = refused.stdout + refused.stderr + without.stdout + without.stderr;
    expect(said).toMatch(/no access token: run '.*mailkey token anna@mail\.test'/);
    expect(tokensIn(said, mailbox)).toEqual([]);
  });
});
