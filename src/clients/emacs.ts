/** What the recipes for Emacs share: where Emacs has its files, and how it gets a token. */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { configHome } from "../platform/paths.ts";
import type { MailServer, Protocol } from "../providers/provider.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import { doubleQuoted } from "./quoting.ts";
import type { MailAccount, RenderRequest } from "./recipe.ts";

/** How the recipes for what is in Emacs itself find it. */
export const EMACS_PROGRAM = {
  executables: ["emacs"],
  versionArgs: ["--version"],
  versionPattern: /^GNU Emacs (\d+(?:\.\d+)+)/m,
} as const;

/** `smtp-auth` in auth-source, and generic functions in smtpmail, came with it. */
const OLDEST_EMACS = 28;

/** The file that Emacs reads first, of those it looks for, in its own order. @see Info node `(emacs) Find Init` */
export function initFile(request: RenderRequest): string {
  const { env, home } = request;
  const usual = join(home, ".emacs.d", "init.el");
  const places = [join(home, ".emacs.el"), join(home, ".emacs"), usual, join(configHome(env), "emacs", "init.el")];
  return places.find((path) => request.read(path) !== undefined) ?? usual;
}

/** `user-emacs-directory`: where Emacs looks for the files of its packages. */
export function emacsFolder(request: RenderRequest): string {
  const xdg = join(configHome(request.env), "emacs");
  return initFile(request) === join(xdg, "init.el") ? xdg : join(request.home, ".emacs.d");
}

/** @throws ERR_UNSUPPORTED for an Emacs that cannot run what is written for it */
export function refuseOldEmacs({ program }: RenderRequest, instead: string): void {
  const version = program?.version;
  if (version === undefined || Number.parseInt(version, 10) >= OLDEST_EMACS) return;
  throw new MailkeyError("ERR_UNSUPPORTED", `Emacs ${version} is too old: ${OLDEST_EMACS} is needed`, {
    hint: `mailkey setup ${instead}`,
  });
}

/** @throws ERR_UNSUPPORTED when the account has no such server, or one without XOAUTH2, Emacs' only mechanism for tokens */
export function serverOf(account: MailAccount, protocol: Protocol): MailServer {
  neededMechanism(account, protocol, "Emacs", ["XOAUTH2"]);
  return neededServer(account, protocol, "Emacs");
}

/** Has Emacs trust the user's own authorities. */
export function trustedAuthorities({ caFile }: RenderRequest): string {
  if (caFile === undefined) return "";
  return `
(defvar gnutls-trustfiles)
(with-eval-after-load 'gnutls
  (add-to-list 'gnutls-trustfiles ${doubleQuoted(caFile)}))
`;
}

/** Says who is writing, unless the init file does. */
export function userAddress(request: RenderRequest): string {
  if (request.read(initFile(request))?.includes("user-mail-address") === true) return "";
  return `
(setq user-mail-address ${doubleQuoted(request.accounts[0].address)})
`;
}

/** Sending through msmtp, which takes the account from the envelope's sender. */
export function sendThroughMsmtp(request: RenderRequest): string {
  return `
(defvar message-send-mail-function)
(defvar message-sendmail-extra-arguments)
(defvar message-sendmail-f-is-evil)
(defvar sendmail-program)
(declare-function message-send-mail-with-sendmail "message")
(setq sendmail-program ${doubleQuoted(request.find("msmtp")?.path ?? "msmtp")}
      message-send-mail-function #'message-send-mail-with-sendmail
      message-sendmail-extra-arguments '("--read-envelope-from")
      message-sendmail-f-is-evil t)
`;
}

/**
 * The accounts as a constant of Emacs Lisp, and an auth-source that knows them. Names begin with `prefix`.
 *
 * auth-source keeps what it found for two hours, which is longer than tokens live. What it keeps of these is a function.
 * The text works with and without lexical binding: an init file may have either.
 *
 * @param details what else a member of the constant says, as Lisp, by account
 * @param found what else auth-source is told of an account, as Lisp
 */
export function authSource(
  prefix: string,
  request: RenderRequest,
  protocol: Protocol,
  details: (account: MailAccount) => string = () => "",
  found = "",
): string {
  const members = request.accounts.map((account) => {
    const { host, port } = serverOf(account, protocol);
    const command = account.tokenCommand.map((word) => doubleQuoted(word)).join("\n               ");
    return `(:host ${doubleQuoted(host)} :port ${port} :user ${doubleQuoted(account.user)}${details(account)}
     :command (${command}))`;
  });
  return `
(defconst ${prefix}-accounts
  '(${members.join("\n    ")})
  "Mailboxes, and the commands that print their tokens.")

(defun ${prefix}-token (command)
  "Return the token that COMMAND, a program and its arguments, prints.
Signal an error in the program's own words when it fails."
  (let ((default-directory (expand-file-name "~/"))
        (words (make-temp-file "mailkey-")))
    (unwind-protect
        (with-temp-buffer
          (unless (eql 0 (apply #'call-process (car command) nil
                                (list t words) nil (cdr command)))
            (erase-buffer)
            (insert-file-contents words)
            (error "%s" (string-trim (buffer-string))))
          (goto-char (point-min))
          (buffer-substring-no-properties (point) (line-end-position)))
      (delete-file words))))

(defun ${prefix}-match-p (account spec)
  "Return non-nil if ACCOUNT is one that auth-source's SPEC asks for."
  (seq-every-p (lambda (key)
                 (let ((wanted (plist-get spec key)))
                   (or (memq wanted '(nil t))
                       (member (format "%s" (plist-get account key))
                               (mapcar (lambda (value) (format "%s" value))
                                       (ensure-list wanted))))))
               '(:host :port :user)))

(defun ${prefix}-search (&rest spec)
  "Return what auth-source asks for with SPEC.
The secret is a function, so that auth-source caches no token."
  (let ((account (seq-find (lambda (candidate)
                             (${prefix}-match-p candidate spec))
                           ${prefix}-accounts)))
    (when account
      (list (list :host (plist-get account :host)
                  :port (plist-get account :port)
                  :user (plist-get account :user)${found === "" ? "" : `\n                  ${found}`}
                  :secret (apply-partially #'${prefix}-token
                                           (plist-get account :command)))))))

(defvar auth-sources)
(declare-function make-instance "eieio")
(defun ${prefix}-backend (entry)
  "Return the backend of ENTRY in \`auth-sources', if it is \`${prefix}'."
  (when (eq entry '${prefix})
    (make-instance 'auth-source-backend
                   :source "mailkey" :type 'mailkey
                   :search-function #'${prefix}-search)))

(with-eval-after-load 'auth-source
  (add-hook 'auth-source-backend-parser-functions #'${prefix}-backend)
  (add-to-list 'auth-sources '${prefix}))
`;
}
