import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";
import { Terminal } from "./terminal.ts";

withMailbox(["alpine", "tmux"], "alpine", (mailbox) => {
  test("gives up before it logs in, where it does not sign in by itself", async () => {
    const { home, world } = mailbox;
    // Its own XOAUTH2, as its help says, for a server that is not one of those it knows by name. There is no way to name a command.
    const server = `localhost:${world.servers.imap?.port}/ssl/novalidate-cert/user=${mailbox.address}/auth=xoauth2`;
    writeFileSync(mailbox.path(".pinerc"), `inbox-path={${server}}INBOX\nlast-version-used=6.26\n`);
    mkdirSync(mailbox.path("mail")); // it would say for some seconds that it makes it
    await Terminal.with({ home, line: "alpine" }, async (terminal) => {
      await terminal.shows("Authentication cancelled");
    });
    const log = readFileSync(join(world.logs, "dovecot.log"), "utf8");
    expect(log).toMatch(/imap-login: Info: .*no auth attempts/);
    expect(log).not.toContain("imap-login: Info: Login:");
  });

  test("is refused by setup, which names what can be used instead", async () => {
    const { status, stderr } = await mailbox.home.mailkey(["setup", "alpine", "--yes"]);
    expect(status).not.toBe(0);
    expect(stderr.replace(/\s+/g, " ")).toContain("takes no token from another program; mutt and aerc do");
    const version = await mailbox.version("alpine");
    const how = "signs in by itself only, as a client of your own";
    proved({ recipe: "alpine", program: "alpine", version, fetches: false, sends: false, how });
  });
});
