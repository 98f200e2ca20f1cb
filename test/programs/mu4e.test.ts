import { expect, test } from "bun:test";
import { succeeded } from "../e2e/harness.ts";
import { runEmacs, sendMessage, setUpAndCommands } from "./emacs.ts";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["mbsync", "XOAUTH2 for mbsync", "msmtp", "emacs", "mu"], "mu4e", (mailbox) => {
  test("sends, fetches and finds, after what setup says to type has been typed", async () => {
    const commands = await setUpAndCommands(mailbox, "mu4e", ["mbsync", "mu"]);
    expect(commands).toEqual([expect.stringMatching(/mbsync -a$/), expect.stringMatching(/^mu init /), "mu index"]);
    for (const line of commands) await mailbox.runs("sh", ["-c", line]);

    const result = await runEmacs(
      mailbox,
      `(setq mu4e-confirm-quit nil)
(mu4e t)
(princ (format "%s %s\\n" user-mail-address mu4e-sent-folder))
${sendMessage(mailbox.address, "mu4e there and back")}
(defvar updated nil)
(add-hook 'mu4e-index-updated-hook (lambda () (setq updated t)))
(let ((tries 0) (found nil))
  (while (and (not found) (< tries 20))
    (setq tries (1+ tries) updated nil)
    (mu4e-update-mail-and-index t)
    (with-timeout (20) (while (not updated) (accept-process-output nil 0.05)))
    (setq found (zerop (call-process "mu" nil nil nil "find" "subject:there" "subject:back"
                                     "maildir:/anna-mail-test/INBOX"))))
  (princ (if found "found" "not found"))
  (mu4e-quit))`,
    );
    expect(succeeded(result).stdout).toBe(`${mailbox.address} /anna-mail-test/Sent\nfound`);
    const version = await mailbox.version("mu4e");
    const how = "IMAP by mbsync, SMTP by msmtp, XOAUTH2";
    proved({ recipe: "mu4e", program: "mu4e", version, fetches: true, sends: true, how });
  });
});
