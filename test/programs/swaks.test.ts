import { expect, test } from "bun:test";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["swaks"], "swaks", (mailbox) => {
  test("does not know XOAUTH2", async () => {
    const { address, world } = mailbox;
    const server = `localhost:${world.servers.smtp?.port}`;
    const login = ["--auth", "XOAUTH2", "--auth-user", address, "--auth-password", "token"];
    const result = await mailbox.run("swaks", ["--server", server, "--from", address, "--to", address, ...login]);
    expect(result.status).not.toBe(0);
    expect(result.stdout + result.stderr).toContain("XOAUTH2 is not a recognized auth type");
  });

  test("sends with the line that setup prints", async () => {
    const { stdout } = await mailbox.setUp("swaks");
    const line = /^ {4}(swaks .*) SOMEBODY$/m.exec(stdout)?.[1] ?? "";
    await mailbox.runs("sh", ["-c", `${line} "$1" --header "Subject: first from swaks"`, "sh", mailbox.address]);
    expect(await mailbox.arrived("first from swaks")).toContain(`From: ${mailbox.address}`);
    const version = await mailbox.version("swaks");
    proved({ recipe: "swaks", program: "swaks", version, fetches: false, sends: true, how: "SMTP, by tunnel" });
  });
});
