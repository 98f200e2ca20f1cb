/** What Emacs is told in order to use mu4e without a person: send, fetch, index, find. */
import type { OutgoingMessage } from "./message.ts";

export interface Mu4eValues {
  readonly address: string;
  readonly maildir: string;
  readonly mbsyncrc: string;
  readonly msmtprc: string;
  readonly message: OutgoingMessage;
}

/** The first part is what a user's init file says; the rest does what the user's fingers would. */
export function mu4eScript({ address, maildir, mbsyncrc, msmtprc, message }: Mu4eValues): string {
  return `;;; -*- lexical-binding: t -*-
(require 'mu4e)
(setq user-mail-address ${lisp(address)}
      mu4e-get-mail-command ${lisp(`mbsync -c '${mbsyncrc}' -a`)}
      mu4e-sent-folder "/Sent"
      mu4e-drafts-folder "/Drafts"
      mu4e-trash-folder "/Trash"
      mu4e-sent-messages-behavior 'delete
      mu4e-change-filenames-when-moving t
      mu4e-confirm-quit nil
      message-send-mail-function #'message-send-mail-with-sendmail
      sendmail-program (executable-find "msmtp")
      message-sendmail-extra-arguments '("-C" ${lisp(msmtprc)} "--read-envelope-from")
      message-sendmail-f-is-evil t
      message-kill-buffer-on-exit t)

;; mu4e looks for its folders when it starts: fetch them first.
(unless (zerop (call-process-shell-command mu4e-get-mail-command nil "*mbsync*"))
  (message "mbsync failed: %s" (with-current-buffer "*mbsync*" (buffer-string)))
  (kill-emacs 1))
(dolist (folder '("Sent" "Drafts" "Trash"))
  (call-process "mu" nil nil nil "mkdir" (expand-file-name folder ${lisp(maildir)})))
(unless (or (file-exists-p "~/.cache/mu/xapian/iamglass") ; made by an earlier run
            (zerop (call-process "mu" nil nil nil "init" ${lisp(`--maildir=${maildir}`)} ${lisp(`--my-address=${address}`)})))
  (message "mu init failed") (kill-emacs 1))
(mu4e t)

(message-mail ${lisp(message.to)} ${lisp(message.subject)})
(message-goto-body)
(insert ${lisp(message.body)})
(message-send)
(princ "sent\\n")

(defvar lab-updated nil)
(add-hook 'mu4e-index-updated-hook (lambda () (setq lab-updated t)))
(let ((tries 0) (found nil))
  (while (and (not found) (< tries 20))
    (setq tries (1+ tries) lab-updated nil)
    (mu4e-update-mail-and-index t)
    (with-timeout (20) (while (not lab-updated) (accept-process-output nil 0.05)))
    (setq found (zerop (call-process "mu" nil nil nil "find" ${lisp(query(message.subject))}))))
  (princ (if found ${lisp(`found ${message.subject}\n`)} "not found\\n"))
  (mu4e-quit)
  (kill-emacs (if found 0 1)))
`;
}

/** Word by word: mu does not find a phrase that has quotation marks in it. */
function query(subject: string): string {
  const words = subject.match(/[\p{L}\p{N}]+/gu) ?? [];
  return ["maildir:/INBOX", ...words.map((word) => `subject:${word}`)].join(" AND ");
}

function lisp(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
