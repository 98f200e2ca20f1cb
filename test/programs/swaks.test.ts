import { expect, test } from "bun:test";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["swaks"], "swaks", (mailbox) => {
  test.each(["XOAUTH2", "OAUTHBEARER"])("does not know %s, and setup says what to use instead", async (mechanism) => {
    const { address, world } = mailbox;
    const server = `localhost:${world.servers.smtp?.port}`;
    const login = ["--auth", mechanism, "--auth-user", address, "--auth-password", "token"];
    const result = await mailbox.run("swaks", ["--server", server, "--from", address, "--to", address, ...login]);
    expect(result.status).not.toBe(0);
    expect(result.stdout + result.stderr).toContain(`${mechanism} is not a recognized auth type`);
    const refused = await mailbox.home.mailkey(["setup", "swaks", "--yes"]);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain("mailkey setup curl");
    const version = await mailbox.version("swaks");
    const how = "knows no tokens: curl instead";
    proved({ recipe: "swaks", program: "swaks", version, fetches: false, sends: false, how });
  });
});
