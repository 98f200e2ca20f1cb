import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gnus } from "../../src/clients/gnus.ts";
import { mu4e } from "../../src/clients/mu4e.ts";
import { notmuch } from "../../src/clients/notmuch.ts";
import type { MailAccount, Recipe, RenderRequest } from "../../src/clients/recipe.ts";
import { smtpmail } from "../../src/clients/smtpmail.ts";
import { withPrograms } from "../e2e/programs.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const HOSTILE = `o'brien+$(touch x)"\\\`#;%s@mail.test`;
const INIT = "/home/anna/.emacs.d/init.el";
const PLACES = new Map<Recipe, string>([
  [smtpmail, INIT],
  [gnus, "/home/anna/.gnus.el"],
  [mu4e, INIT],
  [notmuch, "/home/anna/.emacs.d/notmuch-config.el"],
]);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mk-emacs-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function lispOf(recipe: Recipe, request: RenderRequest): Promise<string> {
  return textFor(await recipe.render(request), PLACES.get(recipe) ?? "");
}

/** Runs Emacs with `script`, which is the whole of its init file. @returns what it printed */
async function emacs(script: string, args: readonly string[] = []): Promise<string> {
  const file = join(folder, "script.el");
  writeFileSync(file, script);
  const command = args.length === 0 ? ["-l", file] : [...args, file];
  const { stdout } = await promisify(execFile)("emacs", ["--batch", ...command], {
    env: { HOME: folder, PATH: process.env["PATH"], LANG: "C.UTF-8" },
    timeout: 60_000,
  });
  return stdout;
}

/** A command that prints a new token each time, and writes down how it was called. */
function tokenProgram(): { readonly path: string; calls(): string[] } {
  const path = join(folder, "token-program");
  const log = join(folder, "calls");
  writeFileSync(log, "");
  writeFileSync(
    path,
    `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\necho a warning >&2\nprintf 'token-%s\\n' "$(wc -l < '${log}')"\n`,
    { mode: 0o755 },
  );
  return { path, calls: () => readFileSync(log, "utf8").split("\n").slice(0, -1) };
}

function using(program: string, address: string, overrides: Partial<MailAccount> = {}): MailAccount {
  return mailAccount(address, { tokenCommand: [program, "token", address], ...overrides });
}

const DIALECTS = { "lexical binding": ";; -*- lexical-binding: t -*-\n", "dynamic binding": "" };

withPrograms(["emacs", "mu4e", "notmuch for Emacs"])("what is written for Emacs", () => {
  for (const [recipe, path] of PLACES) {
    test(`${recipe.name}'s compiles without a warning, whatever is in an address`, async () => {
      const request = renderRequest([mailAccount("anna@mail.test"), mailAccount(HOSTILE)], {
        caFile: `/tmp/a "ca".pem`,
      });
      const text = textFor(await recipe.render(request), path);
      for (const dialect of Object.values(DIALECTS)) {
        await emacs(dialect + text, ["--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile"]);
      }
      expect(text.split("\n").filter((line) => line.length > 80 && !line.includes("mail.test"))).toEqual([]);
    });
  }

  for (const [dialect, cookie] of Object.entries(DIALECTS)) {
    test(`auth-source finds each of several accounts by host, port and user, and no other, under ${dialect}`, async () => {
      const { path } = tokenProgram();
      const other = { imap: { host: "imap.other.test", port: 143, security: "starttls" } } as const;
      const accounts = [
        using(path, "anna@mail.test"),
        using(path, HOSTILE),
        using(path, "carl@other.test", { servers: other }),
      ];
      const text = await lispOf(gnus, renderRequest([accounts[0] ?? mailAccount(""), ...accounts.slice(1)]));
      const found = await emacs(`${cookie}(require 'gnus)\n${text}
(setq auth-sources '(mailkey-gnus))
(dolist (spec '((:host "imap.mail.test" :port (993 "imaps") :user "anna@mail.test")
                (:host ("work" "imap.mail.test") :port "993" :user ${JSON.stringify(HOSTILE)})
                (:host "imap.other.test")
                (:host "imap.mail.test" :port "80" :user "anna@mail.test")
                (:host "imap.mail.test" :user "eve@mail.test")
                (:host "elsewhere.test")))
  (princ (format "%s\\n" (plist-get (car (apply #'auth-source-search spec)) :user))))`);
      expect(found).toBe(`anna@mail.test\n${HOSTILE}\ncarl@other.test\nnil\nnil\nnil\n`);
    });

    test(`the token is asked for at each use and kept nowhere in Emacs, under ${dialect}`, async () => {
      const program = tokenProgram();
      const text = await lispOf(smtpmail, renderRequest([using(program.path, HOSTILE)]));
      const printed = await emacs(`${cookie}${text}
(require 'auth-source)
(dotimes (_ 3)
  (let ((found (car (auth-source-search :host "smtp.mail.test" :port "587" :user ${JSON.stringify(HOSTILE)}))))
    (princ (format "%s %s\\n" (funcall (plist-get found :secret)) (plist-get found :smtp-auth)))))
(garbage-collect)
(princ (format "cached: %S\\n" (hash-table-count password-data)))
(maphash (lambda (_key value) (when (string-match-p "token-[0-9]" (format "%S" value)) (princ "leaked into the cache\\n"))) password-data)
(dolist (buffer (buffer-list))
  (with-current-buffer buffer
    (save-excursion
      (goto-char (point-min))
      (when (search-forward (concat "token" "-2") nil t) (princ (format "leaked into %s\\n" (buffer-name)))))))`);
      expect(printed).toBe("token-1 xoauth2\ntoken-2 xoauth2\ntoken-3 xoauth2\ncached: 1\n");
      expect(program.calls()).toEqual(Array<string>(3).fill(`token ${HOSTILE}`));
    });
  }

  test("a token that cannot be had is an error in mailkey's own words", async () => {
    const path = join(folder, "failing");
    writeFileSync(path, "#!/bin/sh\necho 'mailkey: error: no account' >&2\nexit 78\n", { mode: 0o755 });
    const text = await lispOf(smtpmail, renderRequest([using(path, "anna@mail.test")]));
    const printed = await emacs(`${text}
(require 'auth-source)
(condition-case error
    (funcall (plist-get (car (auth-source-search :host "smtp.mail.test")) :secret))
  (error (princ (error-message-string error))))`);
    expect(printed).toBe("mailkey: error: no account");
  });

  test("smtpmail sends by the server of whoever is in From, and leaves strangers to the user's own settings", async () => {
    const other = { smtp: { host: "smtp.other.test", port: 465, security: "tls" } } as const;
    const accounts = [
      mailAccount("anna@mail.test"),
      mailAccount("carl@other.test", { servers: other, user: "shared" }),
    ] as const;
    const text = await lispOf(smtpmail, renderRequest(accounts));
    const printed = await emacs(`${text}
(setq smtpmail-smtp-server "own.test" smtpmail-smtp-service 25 smtpmail-smtp-user "own" smtpmail-stream-type nil)
(require 'smtpmail)
(define-advice smtpmail-send-it (:override () stub)
  (princ (format "%s %s %s %s\\n" smtpmail-smtp-server smtpmail-smtp-service smtpmail-smtp-user smtpmail-stream-type)))
(dolist (from '("Anna <anna@mail.test>" "CARL@Other.Test (Carl)" "eve@mail.test"))
  (with-temp-buffer
    (insert "From: " from "\\nTo: x@y.test\\n" mail-header-separator "\\nanna@mail.test\\n")
    (funcall send-mail-function)))`);
    expect(printed).toBe(
      "smtp.mail.test 587 anna@mail.test starttls\nsmtp.other.test 465 shared tls\nown.test 25 own nil\n",
    );
  });

  test("a server that does not offer STARTTLS gets no token", async () => {
    const program = tokenProgram();
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.write("220 plain.test\r\n");
      socket.on("error", () => undefined);
      socket.on("data", (line) => {
        heard.push(line.toString());
        socket.write(line.toString().startsWith("EHLO") ? "250-plain.test\r\n250 AUTH XOAUTH2\r\n" : "250 OK\r\n");
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const smtp = { host: "127.0.0.1", port: address.port, security: "starttls" } as const;
    const text = await lispOf(smtpmail, renderRequest([using(program.path, "anna@mail.test", { servers: { smtp } })]));
    const printed = await emacs(`${text}
(message-mail "bea@mail.test" "Hello")
(condition-case error (message-send) (error (princ (error-message-string error))))`);
    server.close();
    expect(printed).not.toBe("");
    expect(heard.join("")).toStartWith("EHLO ");
    expect(heard.join("")).not.toContain("AUTH");
    expect(program.calls()).toEqual([]);
  });

  test("mu4e takes the folders that are there, by the server's names", async () => {
    const home = join(folder, "mu4e-home");
    for (const name of ["Sent Items", "Drafts"])
      await promisify(execFile)("mkdir", ["-p", join(home, "Maildir/anna-mail-test", name)]);
    const accounts = [mailAccount("anna@mail.test"), mailAccount(HOSTILE, { label: "o-brien" })] as const;
    const text = textFor(await mu4e.render(renderRequest(accounts, { home })), join(home, ".emacs.d/init.el"));
    const printed = await emacs(`${text}
(require 'mu4e)
(dolist (context mu4e-contexts)
  (princ (format "%s\\n" (mu4e-context-name context)))
  (dolist (variable (mu4e-context-vars context)) (princ (format "%s\\n" (cdr variable))))
  (princ (format "%S\\n" (and (funcall (mu4e-context-match-func context) '(:maildir "/anna-mail-test/INBOX")) t))))`);
    expect(printed.split("\n")).toEqual([
      "1 anna@mail.test",
      "anna@mail.test",
      "/anna-mail-test/Sent Items",
      "/anna-mail-test/Drafts",
      "/anna-mail-test/Trash",
      "t",
      `2 ${HOSTILE}`,
      HOSTILE,
      "/o-brien/Sent",
      "/o-brien/Drafts",
      "/o-brien/Trash",
      "nil",
      "",
    ]);
  });
});
