import { expect, test } from "bun:test";
import { withMailbox } from "./harness.ts";

withMailbox(["curl"], "any other program", (mailbox) => {
  test("can log in with what setup says, which writes nothing", async () => {
    const { stdout, stderr } = await mailbox.setUp("generic");
    expect(stderr).toBe("");
    const value = (name: string) => new RegExp(`^ *${name}:\\s+(.*)$`, "m").exec(stdout)?.[1] ?? "";
    const [, host, port, mechanism] = /^(\S+), port (\d+), TLS, (\S+)/.exec(value("IMAP")) ?? [];
    expect(value("User")).toBe(mailbox.address);
    const listed = JSON.parse(value("The same as a list")) as string[];
    const [program = "", ...args] = listed;
    const fromList = await mailbox.runs(program, args);
    const fromLine = await mailbox.runs("sh", ["-c", value("Password command")]);
    expect(fromLine.stdout).toBe(fromList.stdout);
    const login = ["--url", `imaps://${host}:${port}/`, "--user", mailbox.address, "--cacert", mailbox.world.caFile];
    const asked = await mailbox.runs(
      "curl",
      ["-K", "-", ...login, "--login-options", `AUTH=${mechanism}`, "-X", "NOOP"],
      {
        input: `oauth2-bearer = "${fromList.stdout.trim()}"\n`,
      },
    );
    expect(asked.status).toBe(0);
  });
});
