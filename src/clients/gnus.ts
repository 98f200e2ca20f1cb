/** Gnus, the mail and news reader in Emacs, by IMAP. */
import { join } from "node:path";
import { authSource, EMACS_PROGRAM, refuseOldEmacs, serverOf, trustedAuthorities } from "./emacs.ts";
import { shellLine } from "../platform/shell.ts";
import { doubleQuoted } from "./quoting.ts";
import type { HandMade, MailAccount, Recipe, RenderRequest } from "./recipe.ts";

const PREFIX = "mailkey-gnus";

/**
 * Emacs 28's own XOAUTH2 breaks the response into lines, which no server takes for one command, and waits for ever when a refused login
 * is explained by a challenge.
 */
const LOGIN = String.raw`
(defvar nnimap-authenticator)
(defvar nnimap-streaming)
(declare-function nnheader-report "nnheader")
(declare-function nnimap-get-response "nnimap")
(declare-function nnimap-send-command "nnimap")
(declare-function nnimap-wait-for-line "nnimap")
(define-advice nnimap-login (:around (login user token) mailkey)
  "Log in as USER with TOKEN where the server's authenticator is xoauth2.
Otherwise call LOGIN."
  (if (not (eq nnimap-authenticator 'xoauth2))
      (funcall login user token)
    (erase-buffer)
    (let* ((nnimap-streaming t) ; do not wait for the last line yet
           (sequence (nnimap-send-command
                      "AUTHENTICATE XOAUTH2 %s"
                      (base64-encode-string
                       (encode-coding-string
                        (format "user=%s\1auth=Bearer %s\1\1" user token)
                        'utf-8)
                       t)))
           (first-line (format "^\\(\\+\\|%d\\) .*\n" sequence)))
      (when (equal (nnimap-wait-for-line first-line) "+")
        (process-send-string (get-buffer-process (current-buffer)) "\r\n"))
      (let ((response (nnimap-get-response sequence)))
        (if (equal (caar response) "OK")
            (cons t response)
          (nnheader-report 'nnimap "%s"
                           (mapconcat (apply-partially #'format "%s")
                                      (car response) " "))
          nil)))))
`;

/** Gnus wants a primary server, and by default tries a news server called `news`. */
const NO_NEWS = `
(defvar gnus-select-method)
(when (equal gnus-select-method '(nntp "news"))
  (setq gnus-select-method '(nnnil "")))
`;

export const gnus: Recipe = {
  name: "gnus",
  title: "Gnus",
  summary: "lets Gnus read mail on the server",
  capabilities: ["fetch"],
  ...EMACS_PROGRAM,
  ways: ["token", "tunnel"],
  render(request) {
    refuseOldEmacs(request, "mbsync");
    const path = gnusFile(request);
    const { way = "token" } = request;
    const login = way === "token" ? trustedAuthorities(request) + authSource(PREFIX, request, "imap") + LOGIN : "";
    const text =
      login +
      "\n(defvar gnus-secondary-select-methods)\n" +
      request.accounts.map(way === "token" ? selectMethod : tunnelMethod).join("") +
      NO_NEWS;
    return {
      way,
      edits: [{ kind: "block", path, comment: ";;", text: text.trimStart() }],
      handMade: request.accounts.flatMap((account) => handMade(path, request.read(path) ?? "", account)),
      folders: [join(request.home, ".emacs.d")],
      notes: ["Start it with M-x gnus. To send as well: mailkey setup smtpmail"],
    };
  },
  sources: [
    "https://www.gnu.org/software/emacs/manual/html_node/gnus/Customizing-the-IMAP-Connection.html",
    "https://git.savannah.gnu.org/cgit/emacs.git/tree/lisp/gnus/nnimap.el?h=emacs-28.2",
  ],
};

function selectMethod(account: MailAccount): string {
  const { host, port, security } = serverOf(account, "imap");
  return `(add-to-list 'gnus-secondary-select-methods
             '(nnimap ${doubleQuoted(account.label)}
                      (nnimap-address ${doubleQuoted(host)})
                      (nnimap-server-port ${port})
                      (nnimap-stream ${security === "tls" ? "ssl" : "starttls"})
                      (nnimap-user ${doubleQuoted(account.user)})
                      (nnimap-authenticator xoauth2)))
`;
}

/** Gnus puts server and user in for what follows a `%`. */
function tunnelMethod(account: MailAccount): string {
  serverOf(account, "imap");
  const line = shellLine(account.tunnelCommands.imap).replaceAll("%", "%%");
  return `(add-to-list 'gnus-secondary-select-methods
             '(nnimap ${doubleQuoted(account.label)}
                      (nnimap-stream shell)
                      (nnimap-shell-program ${doubleQuoted(line)})))
`;
}

/** Gnus loads `~/.gnus` by way of `load`, which prefers the name with `.el`. */
function gnusFile(request: RenderRequest): string {
  const [withEnding, plain] = [join(request.home, ".gnus.el"), join(request.home, ".gnus")];
  return request.read(withEnding) === undefined && request.read(plain) !== undefined ? plain : withEnding;
}

/** A server of that host and that user: the mailbox would be there twice. */
function handMade(path: string, text: string, { address, user, servers }: MailAccount): HandMade[] {
  if (!text.includes(doubleQuoted(user))) return [];
  const line = text.split("\n").findIndex((each) => {
    const host = /^[^;]*\(nnimap-address\s+"([^"]*)"/.exec(each)?.[1];
    return host !== undefined && host === servers.imap?.host;
  });
  return line === -1 ? [] : [{ path, line: line + 1, address }];
}
