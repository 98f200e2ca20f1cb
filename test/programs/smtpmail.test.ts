import { expect, test } from "bun:test";
import { PRINT_ALL_BUFFERS, runEmacs, sendMessage, wrongTokens } from "./emacs.ts";
import { succeeded } from "../e2e/harness.ts";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["emacs"], "Emacs smtpmail", (mailbox) => {
  test("sends with the init file that setup wrote, and again after the token was renewed, in the same Emacs", async () => {
    await mailbox.setUp("smtpmail");
    const renewal = `(call-process ${JSON.stringify(`${mailbox.home.tokenCommand().split(" ")[0]}`)} nil nil nil "token" "--force" ${JSON.stringify(mailbox.address)})`;
    const result = await runEmacs(
      mailbox,
      `(setq smtpmail-debug-info t) ; keeps the trace of the session
${sendMessage("bea@mail.test", "first from smtpmail")}
${renewal}
${sendMessage("bea@mail.test", "second from smtpmail")}
${PRINT_ALL_BUFFERS}`,
    );
    succeeded(result);
    expect(await mailbox.arrived("first from smtpmail", "bea@mail.test")).toContain(`<${mailbox.address}>`);
    expect(await mailbox.arrived("second from smtpmail", "bea@mail.test")).toContain("Hello.");
    expect(result.stdout).toContain("--- *trace of SMTP session to localhost*");
    expect(mailbox.world.secrets.length).toBeGreaterThan(0);
    for (const secret of mailbox.world.secrets) expect(result.stdout + result.stderr).not.toContain(secret);
    const version = await mailbox.version("smtpmail");
    proved({
      recipe: "smtpmail",
      program: "Emacs smtpmail",
      version,
      fetches: false,
      sends: true,
      how: "SMTP, XOAUTH2",
    });
  });

  test("a token that the server refuses ends in the server's words, and is in no buffer", async () => {
    const token = await wrongTokens(mailbox, mailbox.path(".emacs.d", "init.el"));
    const result = await runEmacs(
      mailbox,
      `(setq smtpmail-debug-info t) ; keeps the trace of the session
(condition-case error
    (progn ${sendMessage("bea@mail.test", "refused")})
  (error (princ (error-message-string error))))
${PRINT_ALL_BUFFERS}`,
    );
    expect(result.stdout).toStartWith("Sending failed: 535 5.7.8 Authentication failed.");
    expect(result.stdout).toContain("--- *trace of SMTP session to localhost*");
    const sent = Buffer.from(`user=${mailbox.address}\u0001auth=Bearer ${token}\u0001\u0001`).toString("base64");
    expect(result.stdout + result.stderr).not.toContain(token);
    expect(result.stdout + result.stderr).not.toContain(sent);
  });
});
