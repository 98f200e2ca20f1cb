/** Emacs' own SMTP: everything in Emacs that sends mail, without another program. */
import { join } from "node:path";
import {
  authSource,
  EMACS_PROGRAM,
  initFile,
  refuseOldEmacs,
  serverOf,
  trustedAuthorities,
  userAddress,
} from "./emacs.ts";
import { doubleQuoted } from "./quoting.ts";
import type { MailAccount, Recipe } from "./recipe.ts";

const PREFIX = "mailkey-smtpmail";

/**
 * Emacs' own method repeats the whole command, token included, in the error that it signals, and takes the challenge of a server that
 * refuses for a success. Two steps also keep the command short: Gmail limits it to 512 bytes.
 */
const LOGIN = String.raw`
(defvar smtpmail-read-point)
(declare-function smtpmail-command-or-throw "smtpmail")
(declare-function smtpmail-ok-p "smtpmail")
(declare-function smtpmail-read-response "smtpmail")
(declare-function smtpmail-response-text "smtpmail")
(declare-function smtpmail-try-auth-method "smtpmail")
(with-eval-after-load 'smtpmail
  (cl-defmethod smtpmail-try-auth-method :around
    (process (_mech (eql 'xoauth2)) user token)
    "Log in to PROCESS as USER, with TOKEN in no buffer and no error."
    (smtpmail-command-or-throw process "AUTH XOAUTH2" 334)
    (goto-char (point-max))
    (insert "<omitted>\r\n")
    (setq smtpmail-read-point (point))
    (process-send-string
     process
     (concat (base64-encode-string
              (encode-coding-string
               (format "user=%s\1auth=Bearer %s\1\1" user token) 'utf-8)
              t)
             "\r\n"))
    (let ((reply (smtpmail-read-response process)))
      (cond ((eql (car reply) 334) ; why it is refused: go on to the refusal
             (smtpmail-command-or-throw process ""))
            ((smtpmail-ok-p reply) reply)
            (t (throw 'done (smtpmail-response-text reply)))))))
`;

/** `smtpmail-store-queue-variables`: a message that is queued remembers where it has to go. */
const SEND = `
(defvar message-send-mail-function)
(defvar smtpmail-smtp-server)
(defvar smtpmail-smtp-service)
(defvar smtpmail-smtp-user)
(defvar smtpmail-store-queue-variables)
(defvar smtpmail-stream-type)
(declare-function mail-fetch-field "mail-utils")
(declare-function message-narrow-to-headers "message")
(declare-function smtpmail-send-it "smtpmail")
(defun ${PREFIX}-sender ()
  "Return the account in the From of the message in this buffer, or nil."
  (let ((from (save-restriction
                (message-narrow-to-headers)
                (cadr (mail-extract-address-components
                       (or (mail-fetch-field "From") ""))))))
    (seq-find (lambda (account)
                (string= (downcase (plist-get account :from))
                         (downcase (or from ""))))
              ${PREFIX}-accounts)))

(defun ${PREFIX}-send-it ()
  "Send the message in this buffer through its sender's server."
  (require 'message)
  (require 'smtpmail)
  (let ((account (${PREFIX}-sender)))
    (if (not account)
        (smtpmail-send-it)
      (let ((smtpmail-smtp-server (plist-get account :host))
            (smtpmail-smtp-service (plist-get account :port))
            (smtpmail-smtp-user (plist-get account :user))
            (smtpmail-stream-type (plist-get account :stream))
            (smtpmail-store-queue-variables t))
        (smtpmail-send-it)))))

(setq send-mail-function #'${PREFIX}-send-it
      message-send-mail-function #'${PREFIX}-send-it)
`;

export const smtpmail: Recipe = {
  name: "smtpmail",
  title: "Emacs smtpmail",
  summary: "lets Emacs send mail by itself",
  capabilities: ["send"],
  ...EMACS_PROGRAM,
  render(request) {
    refuseOldEmacs(request, "msmtp");
    const source = authSource(PREFIX, request, "smtp", senderOf, `:smtp-auth "xoauth2"`);
    const text = trustedAuthorities(request) + source + LOGIN + SEND + userAddress(request);
    const path = initFile(request);
    return {
      edits: [{ kind: "block", path, comment: ";;", text: text.trimStart() }],
      // Emacs cannot save the certificates it has seen without its folder, and does not make it.
      folders: [join(request.home, ".emacs.d")],
      notes: [`Restart Emacs, or type M-x load-file RET ${path} RET.`],
    };
  },
  sources: [
    "https://www.gnu.org/software/emacs/manual/html_node/smtpmail/Authentication.html",
    "https://www.gnu.org/software/emacs/manual/html_node/auth/",
    "https://git.savannah.gnu.org/cgit/emacs.git/tree/lisp/mail/smtpmail.el?h=emacs-28.2",
  ],
};

function senderOf(account: MailAccount): string {
  const { security } = serverOf(account, "smtp");
  return `\n     :from ${doubleQuoted(account.address)} :stream ${security}`;
}
