import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { proved } from "./proof.ts";
import { Terminal } from "./terminal.ts";
import { withProxy } from "./through-proxy.ts";

withProxy({ programs: ["alpine", "tmux"], tls: false }, "alpine", (mailbox) => {
  test("reads and sends with the lines that setup prints and a password of the proxy's", async () => {
    const { home, address, password } = mailbox;
    const { stdout } = await mailbox.setUp("alpine");
    const lines = [...stdout.matchAll(/^ {4}((?:inbox-path|smtp-server)=.*)$/gm)].map(([, line]) => line);
    expect(lines).toHaveLength(2);
    expect(stdout).toContain(`mailkey proxy password add ${address} --device alpine`);
    const own = ["last-version-used=6.26", "user-domain=mail.test", 'default-fcc=""'];
    mailbox.file(".pinerc", [...lines, ...own, ""].join("\n"));
    mkdirSync(mailbox.path("mail")); // it would say for some seconds that it makes it
    await mailbox.deliver("first for alpine");

    await Terminal.with({ home, line: "alpine -i" }, async (terminal) => {
      const logIn = async () => {
        await terminal.shows("ENTER PASSWORD");
        await terminal.type(password);
        await terminal.press("Enter");
        await terminal.shows("Preserve password");
        await terminal.type("n");
      };
      await logIn();
      await terminal.shows("first for alpine");
      await terminal.type("c");
      await terminal.shows("COMPOSE MESSAGE");
      await terminal.type(address);
      await terminal.press("Down", "Down", "Down");
      await terminal.type("first from alpine");
      await terminal.press("C-x");
      await terminal.shows("Send message?");
      await terminal.type("y");
      await logIn();
      await mailbox.arrived("first from alpine");
    });
    const version = await mailbox.version("alpine");
    const how = "IMAP and SMTP, by proxy";
    proved({ recipe: "alpine", program: "alpine", version, fetches: true, sends: true, how });
  });
});
