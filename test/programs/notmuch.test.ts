import { expect, test } from "bun:test";
import { succeeded } from "../e2e/harness.ts";
import { runEmacs, setUpAndCommands } from "./emacs.ts";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

const PROGRAMS = ["mbsync", "XOAUTH2 for mbsync", "msmtp", "emacs", "notmuch"];

withMailbox(PROGRAMS, "notmuch", (mailbox) => {
  test("fetches by notmuch new, and sends from Emacs, after what setup says to type has been typed", async () => {
    const commands = await setUpAndCommands(mailbox, "notmuch", ["touch", "notmuch"]);
    await mailbox.deliver("for notmuch");
    expect(commands.at(-1)).toBe("notmuch new");
    for (const line of commands) await mailbox.runs("sh", ["-c", line]);
    const { stdout } = await mailbox.runs("notmuch", ["search", "subject:notmuch"]);
    expect(stdout).toContain("for notmuch");

    const sent = await runEmacs(
      mailbox,
      `(require 'notmuch)
(notmuch-mua-mail "bea@mail.test" "from notmuch")
(message-goto-body)
(insert "Hello.\\n")
(let ((notmuch-fcc-dirs nil)) (message-remove-header "Fcc") (message-send))`,
    );
    succeeded(sent);
    expect(await mailbox.arrived("from notmuch", "bea@mail.test")).toContain(`<${mailbox.address}>`);
    const version = await mailbox.version("notmuch");
    const how = "IMAP by mbsync, SMTP by msmtp, XOAUTH2";
    proved({
      recipe: "notmuch",
      program: "notmuch, and its Emacs interface",
      version,
      fetches: true,
      sends: true,
      how,
    });
  });

  test("a hook of the user's own keeps what it does, and fetches as well", async () => {
    await mailbox.setUp("notmuch", "--remove");
    const hook = mailbox.path("Maildir", ".notmuch", "hooks", "pre-new");
    expect(await Bun.file(hook).exists()).toBe(false);
    const own = "#!/bin/bash\necho my own hook\n";
    await Bun.write(hook, own);
    await mailbox.runs("chmod", ["755", hook]);
    await mailbox.setUp("notmuch");
    await mailbox.deliver("second for notmuch");
    const { stdout } = await mailbox.runs("notmuch", ["new"]);
    expect(stdout).toContain("my own hook");
    expect((await mailbox.runs("notmuch", ["count", "subject:second"])).stdout.trim()).toBe("1");
    await mailbox.setUp("notmuch", "--remove");
    expect(await Bun.file(hook).text()).toBe(own);
  });
});
