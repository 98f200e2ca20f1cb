import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["fetchmail"], "fetchmail", (mailbox) => {
  const ENGLISH = { LC_ALL: "C" };

  test("knows no tokens", async () => {
    const { world, address } = mailbox;
    const file = mailbox.path("fetchmailrc");
    const text = `poll localhost service ${world.servers.imap?.port} protocol imap auth oauthbearer
  user "${address}" password "token" ssl sslcertfile "${world.caFile}"\n`;
    writeFileSync(file, text, { mode: 0o600 });
    const result = await mailbox.run("fetchmail", ["-f", file, "--nosyslog", "--nodetach"], { env: ENGLISH });
    expect(result.status).toBe(5);
    expect(result.stderr).toContain("syntax error at oauthbearer");
  });

  test("fetches through mailkey with what setup wrote below defaults of the user's own, and leaves the mail there", async () => {
    const delivered = mailbox.path("delivered");
    writeFileSync(mailbox.path(".fetchmailrc"), `defaults mda "cat >>${delivered}"\n`, { mode: 0o600 });
    await mailbox.setUp("fetchmail");
    await mailbox.deliver("first for fetchmail");
    const { stdout, stderr } = await mailbox.runs("fetchmail", ["--nosyslog", "--nodetach", "-v", "-v"], {
      env: ENGLISH,
    });
    expect(readFileSync(delivered, "utf8")).toContain("Subject: first for fetchmail");
    expect(mailbox.world.inbox(mailbox.address)).toHaveLength(1);
    for (const secret of mailbox.world.secrets) expect(stdout + stderr).not.toContain(secret);
    const version = await mailbox.version("fetchmail");
    const how = "IMAP, by tunnel";
    proved({ recipe: "fetchmail", program: "fetchmail", version, fetches: true, sends: false, how });
  });
});
