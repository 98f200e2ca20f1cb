/** Programs that run a command instead of opening a connection: no port, no password. */
import { beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { ARTEFACT } from "../e2e/harness.ts";
import { withMailbox } from "./harness.ts";
import { fetchesWithMbsync } from "./mbsync-like.ts";
import { Terminal } from "./terminal.ts";

withMailbox(["mbsync", "fetchmail", "mutt", "neomutt", "offlineimap", "tmux"], "through the tunnel", (mailbox) => {
  const tunnel = (protocol = "imap") => `${ARTEFACT} tunnel ${mailbox.address} --protocol ${protocol}`;

  beforeAll(() => mailbox.deliver("for everybody"));

  test("mbsync fetches", () => fetchesWithMbsync(mailbox, "mbsync", [`Tunnel "${tunnel()}"`]));

  test.each(["mutt", "neomutt"])("%s reads and sends", async (program) => {
    const config = mailbox.path(`${program}rc`);
    const lines = [
      `set from = "${mailbox.address}"`,
      `set tunnel = "${tunnel()}"`,
      'set folder = "imap://localhost/"',
      'set spoolfile = "+INBOX"',
      'set smtp_url = "smtp://localhost/"',
      "set copy = no",
    ];
    writeFileSync(config, `${lines.join("\n")}\n`);
    await Terminal.with({ home: mailbox.home, line: `${program} -F ${config}` }, async (terminal) => {
      await terminal.shows("for everybody");
      await terminal.press("Enter");
      await terminal.shows("Hello.");
    });
    const subject = `from ${program}`;
    const sending = ["-F", config, "-e", `set tunnel = "${tunnel("smtp")}"`, "-s", subject, "--", mailbox.address];
    await mailbox.runs(program, sending, { input: "sent by a real program\n" });
    expect(await mailbox.arrived(subject)).toContain("sent by a real program");
  });

  test("OfflineIMAP fetches", async () => {
    const config = mailbox.path("offlineimaprc");
    writeFileSync(
      config,
      `[general]
accounts = tunnel
metadata = ${mailbox.path("offlineimap-metadata")}
ui = basic

[Account tunnel]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${mailbox.path("offlineimap")}

[Repository far]
type = IMAP
preauthtunnel = ${tunnel()}
`,
    );
    await mailbox.runs("offlineimap", ["-o", "-c", config]);
    expect(mailbox.fetched("for everybody", "offlineimap", "INBOX")).toContain("Hello.");
  });

  test("fetchmail fetches by IMAP", async () => {
    const got = mailbox.path("fetchmail");
    const config = mailbox.path("fetchmailrc");
    const text = `poll localhost protocol imap plugin "${tunnel()}"
  user "${mailbox.address}" password "none" sslproto "" keep fetchall mda "cat >>${got}"\n`;
    writeFileSync(config, text, { mode: 0o600 });
    await mailbox.runs("fetchmail", ["-f", config, "--nosyslog", "--nodetach", "-v"]);
    expect(readFileSync(got, "latin1")).toMatch(/Subject: for everybody[\s\S]*Hello\./);
  });
});
