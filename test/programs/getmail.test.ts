import { beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { succeeded } from "../e2e/harness.ts";
import { withMailbox } from "./harness.ts";
import { lockOut, tokensIn } from "./locked-out.ts";
import { proved } from "./proof.ts";
import { handOver, type Owner } from "./unprivileged.ts";

const INBOX = ["Maildir", "anna-mail-test-getmail", "INBOX"] as const;

withMailbox(["getmail"], "getmail", (mailbox) => {
  let owner: Owner;
  let version: string;
  beforeAll(async () => {
    version = await mailbox.version("getmail");
    owner = handOver(mailbox); // getmail stores no mail for root
  });

  const fetch = () => owner.run("getmail", ["-g", mailbox.path(".config", "getmail-mailkey"), "-r", "anna-mail-test"]);

  test("fetches with the file that setup wrote, once, and leaves the mail on the server", async () => {
    const { stdout } = succeeded(await owner.mailkey(["setup", "getmail", "--yes"]));
    expect(stdout).toContain(`getmail -g ${mailbox.path(".config", "getmail-mailkey")} -r anna-mail-test`);
    await mailbox.deliver("for getmail");
    for (const _ of ["first", "again"]) expect((await fetch()).status).toBe(0);
    expect(mailbox.maildir(...INBOX)).toHaveLength(1);
    expect(mailbox.fetched("for getmail", ...INBOX)).toContain("Hello.");
    expect(mailbox.world.inbox(mailbox.address)).toHaveLength(1);
    proved({ recipe: "getmail", program: "getmail6", version, fetches: true, sends: false, how: "IMAP, XOAUTH2" });
  });

  test("is not led to another server by a certificate that it does not know", async () => {
    await owner.runs("sed", ["-i", "s/^ca_certs = .*/ca_certs = \\/etc\\/ssl\\/certs\\/ca-certificates.crt/", file()]);
    const result = await fetch();
    expect(result.status).not.toBe(0);
    expect(result.stdout + result.stderr).toContain("CERTIFICATE_VERIFY_FAILED");
    succeeded(await owner.mailkey(["setup", "getmail", "--yes"]));
  });

  test("fails without a token, showing none, and goes on when there is one", async () => {
    mailbox.world.expireNow();
    const refused = await fetch();
    expect(refused.stdout + refused.stderr).toContain("credential/login error");
    await lockOut(mailbox, (args) => owner.mailkey(args));
    const without = await fetch();
    expect(without.stdout + without.stderr).toMatch(/External program error .*mailkey exited with 77/);
    expect(tokensIn(refused.stdout + refused.stderr + without.stdout + without.stderr, mailbox)).toEqual([]);
    expect(readdirSync(mailbox.path(...INBOX, "tmp"))).toEqual([]);
  });

  const file = () => mailbox.path(".config", "getmail-mailkey", "anna-mail-test");
});
