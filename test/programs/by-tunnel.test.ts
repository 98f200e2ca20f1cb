/** Programs that can use tokens, and are set up to go through `mailkey tunnel` all the same. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { succeeded } from "../e2e/harness.ts";
import { addHostileAccount, deliverToHostileUser } from "./accounts.ts";
import { PRINT_ALL_BUFFERS, runEmacs } from "./emacs.ts";
import { withMailbox } from "./harness.ts";
import { lockOut } from "./locked-out.ts";
import { proved, type Proof } from "./proof.ts";
import { Terminal } from "./terminal.ts";

/** The hostile address's. */
const LABEL = "o-b-touch-ifs-pwned-s-home-mail-test";

withMailbox(["mbsync", "offlineimap", "mutt", "neomutt", "tmux", "emacs"], "by tunnel", (mailbox) => {
  beforeAll(async () => {
    await addHostileAccount(mailbox);
    await mailbox.deliver("only for anna");
    await deliverToHostileUser(mailbox, "only for bob");
  });

  const seen = async (proof: Omit<Proof, "version">) => {
    expect(existsSync(mailbox.path("pwned"))).toBe(false);
    const version = await mailbox.version(proof.recipe);
    proved({ ...proof, recipe: `${proof.recipe} --by tunnel`, version });
  };

  const fetched = (program: string) => {
    const folder = (label: string) => ["Maildir", `${label}${program}`, "INBOX"] as const;
    expect(mailbox.fetched("only for anna", ...folder("anna-mail-test"))).toContain("Hello.");
    expect(mailbox.fetched("only for bob", ...folder(LABEL))).toContain("Hello.");
  };

  test("mbsync fetches without a plugin, and setup has it go that way by itself then", async () => {
    const env = { SASL_PATH: mailbox.path("no-plugins") };
    succeeded(await mailbox.home.mailkey(["setup", "mbsync", "--yes"], { env }));
    expect(readFileSync(mailbox.path(".mbsyncrc"), "utf8")).toContain(">>> mailkey mbsync by tunnel: anna@mail.test");
    await mailbox.runs("mbsync", ["-a"], { env });
    fetched("");
    await seen({
      recipe: "mbsync",
      program: "mbsync (isync)",
      fetches: true,
      sends: false,
      how: "IMAP, no SASL plugin",
    });
  });

  test("OfflineIMAP fetches", async () => {
    await mailbox.setUp("offlineimap", "--by", "tunnel");
    await mailbox.runs("offlineimap");
    fetched("-offlineimap");
    await seen({ recipe: "offlineimap", program: "OfflineIMAP", fetches: true, sends: false, how: "IMAP" });
  });

  test.each(["mutt", "neomutt"] as const)("%s reads and sends", async (program) => {
    await mailbox.setUp(program, "--by", "tunnel");
    await Terminal.with({ home: mailbox.home, line: program }, async (terminal) => {
      await terminal.shows("only for anna");
      await terminal.type("c");
      await terminal.shows("Open mailbox");
      await terminal.press("C-u"); // the other one's INBOX may stand there, since it has new mail
      await terminal.type(`imap://${LABEL}/INBOX`);
      await terminal.press("Enter");
      await terminal.shows("only for bob");
    });
    const sent = `sent by ${program}`;
    await mailbox.runs(program, ["-s", sent, "--", mailbox.address], { input: "sent by a real program\n" });
    expect(await mailbox.arrived(sent)).toMatch(new RegExp(`^From: .*${mailbox.address}`, "m"));
    await seen({ recipe: program, program, fetches: true, sends: true, how: "IMAP and SMTP" });
  });

  test("Gnus reads", async () => {
    await mailbox.setUp("gnus", "--by", "tunnel");
    const script = `(setq gnus-use-dribble-file nil)
(gnus)
(gnus-request-article 1 "nnimap+anna-mail-test:INBOX")
${PRINT_ALL_BUFFERS}`;
    expect(succeeded(await runEmacs(mailbox, script)).stdout).toContain("Subject: only for anna");
    await seen({ recipe: "gnus", program: "Gnus", fetches: true, sends: false, how: "IMAP" });
  });

  test("mutt and neomutt say what the note of setup says when the sign-in is over", async () => {
    const complaints = { mutt: "Tunnel to … returned error", neomutt: "Unable to open mailbox" } as const;
    const noted = succeeded(await mailbox.home.mailkey(["setup", "mutt", "neomutt", "--print", "--json"])).stdout;
    await lockOut(mailbox);
    for (const [program, complaint] of Object.entries(complaints)) {
      expect(noted).toContain(`When ${program} says \\"${complaint}\\"`);
      const shown = new RegExp(complaint.replace("…", ".*"));
      await Terminal.with({ home: mailbox.home, line: program }, (terminal) => terminal.shows(shown));
    }
  });
});
