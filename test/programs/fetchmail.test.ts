import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["fetchmail"], "fetchmail", (mailbox) => {
  const fetch = (authentication: string) => {
    const { world, address } = mailbox;
    const file = mailbox.path("fetchmailrc");
    const text = `poll localhost service ${world.servers.imap?.port} protocol imap ${authentication}
  user "${address}" password "token" ssl sslcertfile "${world.caFile}"\n`;
    writeFileSync(file, text, { mode: 0o600 });
    return mailbox.run("fetchmail", ["-f", file, "--nosyslog", "--nodetach", "-v"], { env: { LC_ALL: "C" } });
  };

  test.each(["oauthbearer", "xoauth2"])("does not know the word %s", async (mechanism) => {
    const result = await fetch(`auth ${mechanism}`);
    expect(result.status).toBe(5);
    expect(result.stderr).toContain(`syntax error at ${mechanism}`);
  });

  test("has no other way into a server that takes tokens only, and setup says so", async () => {
    const result = await fetch("");
    expect(result.stdout + result.stderr).toContain("AUTH=XOAUTH2");
    expect(result.stdout + result.stderr).toContain("run out of authentication methods");
    const refused = await mailbox.home.mailkey(["setup", "fetchmail", "--yes"]);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain("no stable release of fetchmail can use tokens");
    expect(refused.stderr).toContain("mailkey setup getmail");
    const version = await mailbox.version("fetchmail");
    const how = "knows no tokens: getmail or mpop instead";
    proved({ recipe: "fetchmail", program: "fetchmail", version, fetches: false, sends: false, how });
  });
});
