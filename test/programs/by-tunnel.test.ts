/** Programs that can use tokens, and are set up to go through `mailkey tunnel` all the same. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { succeeded } from "../e2e/harness.ts";
import { addHostileAccount, deliverToHostileUser } from "./accounts.ts";
import { PRINT_ALL_BUFFERS, runEmacs } from "./emacs.ts";
import { type Mailbox, withMailbox } from "./harness.ts";
import { proved, type Proof } from "./proof.ts";
import { Terminal } from "./terminal.ts";

async function provedByTunnel(mailbox: Mailbox, proof: Omit<Proof, "version" | "how">, how: string): Promise<void> {
  const version = await mailbox.version(proof.recipe);
  proved({ ...proof, recipe: `${proof.recipe} --by tunnel`, version, how });
}

withMailbox(["mbsync"], "mbsync by tunnel", (mailbox) => {
  test("fetches without a plugin, which is why setup has it go that way by itself", async () => {
    const env = { SASL_PATH: mailbox.path("no-plugins") };
    succeeded(await mailbox.home.mailkey(["setup", "mbsync", "--yes"], { env }));
    expect(readFileSync(mailbox.path(".mbsyncrc"), "utf8")).toContain(">>> mailkey mbsync by tunnel: anna@mail.test");
    await mailbox.deliver("first for mbsync");
    await mailbox.runs("mbsync", ["-a"], { env });
    expect(mailbox.fetched("first for mbsync", "Maildir", "anna-mail-test", "INBOX")).toContain("Hello.");
    await provedByTunnel(mailbox, { recipe: "mbsync", program: "mbsync (isync)", fetches: true, sends: false }, "IMAP");
  });
});

withMailbox(["offlineimap"], "OfflineIMAP by tunnel", (mailbox) => {
  test("fetches, for any address", async () => {
    await addHostileAccount(mailbox);
    await mailbox.setUp("offlineimap", "--by", "tunnel");
    await mailbox.deliver("first for offlineimap");
    await deliverToHostileUser(mailbox, "first for bob");
    await mailbox.runs("offlineimap");
    expect(mailbox.fetched("first for offlineimap", "Maildir", "anna-mail-test-offlineimap", "INBOX")).toContain(
      "Hello.",
    );
    expect(await Bun.file(mailbox.path("pwned")).exists()).toBe(false);
    const bobs = "o-b-touch-ifs-pwned-s-home-mail-test-offlineimap";
    expect(mailbox.fetched("first for bob", "Maildir", bobs, "INBOX")).toContain("Hello.");
    const proof = { recipe: "offlineimap", program: "OfflineIMAP", fetches: true, sends: false } as const;
    await provedByTunnel(mailbox, proof, "IMAP");
  });
});

for (const program of ["mutt", "neomutt"] as const)
  withMailbox([program, "tmux"], `${program} by tunnel`, (mailbox) => {
    test("reads and sends, for any address", async () => {
      const { home } = mailbox;
      await addHostileAccount(mailbox);
      await mailbox.setUp(program, "--by", "tunnel");
      await mailbox.deliver("only for anna");
      await deliverToHostileUser(mailbox, "only for bob");
      await Terminal.with({ home, line: program }, async (terminal) => {
        await terminal.shows("only for anna");
        await terminal.type("c");
        await terminal.shows("Open mailbox");
        await terminal.press("C-u");
        await terminal.type("imap://o-b-touch-ifs-pwned-s-home-mail-test/INBOX");
        await terminal.press("Enter");
        await terminal.shows("only for bob");
      });
      const sent = `sent by ${program}`;
      await mailbox.runs(program, ["-s", sent, "--", mailbox.address], { input: "sent by a real program\n" });
      expect(await mailbox.arrived(sent)).toMatch(new RegExp(`^From: .*${mailbox.address}`, "m"));
      expect(await Bun.file(mailbox.path("pwned")).exists()).toBe(false);
      await provedByTunnel(mailbox, { recipe: program, program, fetches: true, sends: true }, "IMAP and SMTP");
    });
  });

withMailbox(["emacs"], "Gnus by tunnel", (mailbox) => {
  test("reads", async () => {
    await mailbox.setUp("gnus", "--by", "tunnel");
    await mailbox.deliver("first for Gnus");
    const { stdout } = succeeded(
      await runEmacs(
        mailbox,
        `(setq gnus-use-dribble-file nil)
(gnus)
(gnus-request-article 1 "nnimap+anna-mail-test:INBOX")
${PRINT_ALL_BUFFERS}`,
      ),
    );
    expect(stdout).toContain("Subject: first for Gnus");
    await provedByTunnel(mailbox, { recipe: "gnus", program: "Gnus", fetches: true, sends: false }, "IMAP");
  });
});
