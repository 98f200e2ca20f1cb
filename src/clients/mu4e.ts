/** mu4e, the mail reader in Emacs on top of mu: mbsync fetches, msmtp sends, and mu4e knows nothing of tokens. */
import { join } from "node:path";
import { shellLine } from "../platform/shell.ts";
import { initFile, sendThroughMsmtp, userAddress } from "./emacs.ts";
import { maildirRoot } from "./maildir.ts";
import { doubleQuoted } from "./quoting.ts";
import type { MailAccount, Recipe } from "./recipe.ts";

/** What servers call their folders, the most usual first. */
const FOLDERS = {
  "mu4e-sent-folder": ["Sent", "Sent Items", "Sent Messages", "[Gmail]/Sent Mail", "[Google Mail]/Sent Mail"],
  "mu4e-drafts-folder": ["Drafts", "Draft", "[Gmail]/Drafts", "[Google Mail]/Drafts"],
  "mu4e-trash-folder": ["Trash", "Deleted", "Deleted Items", "[Gmail]/Trash", "[Google Mail]/Trash"],
} as const;

export const mu4e: Recipe = {
  name: "mu4e",
  title: "mu4e",
  summary: "lets mu4e fetch with mbsync and send with msmtp",
  capabilities: ["fetch", "send"],
  buildsOn: ["mbsync", "msmtp"],
  executables: ["mu"],
  versionArgs: ["--version"],
  versionPattern: /version (\d+(?:\.\d+)+)/,
  isThere: (find) => find("mu") !== undefined && find("emacs") !== undefined,
  render(request) {
    const root = maildirRoot(request.home);
    const path = initFile(request);
    const text = `${folderFunction(root)}
(defvar mu4e-get-mail-command)
(defvar mu4e-change-filenames-when-moving)
(defvar mu4e-context-policy)
;; Not every package of mu tells Emacs of it.
(autoload 'mu4e "mu4e" nil t)
(declare-function make-mu4e-context "mu4e-context")
(declare-function mu4e-message-field "mu4e-message")
(setq mu4e-get-mail-command ${doubleQuoted(shellLine([request.find("mbsync")?.path ?? "mbsync", "-a"]))}
      mu4e-change-filenames-when-moving t ; mbsync needs it
      mu4e-context-policy 'pick-first)
(defvar mu4e-contexts)
(with-eval-after-load 'mu4e
${request.accounts.map(context).join("\n")})
${sendThroughMsmtp(request)}${userAddress(request)}`;
    return {
      edits: [{ kind: "block", path, comment: ";;", text }],
      folders: [join(request.home, ".emacs.d")],
      notes: [
        "Once, before the first M-x mu4e:",
        "    mbsync -a",
        `    ${shellLine(["mu", "init", `--maildir=${root}`, ...request.accounts.map(({ address }) => `--my-address=${address}`)])}`,
        "    mu index",
      ],
    };
  },
  sources: [
    "https://www.djcbsoftware.nl/code/mu/mu4e/Contexts.html",
    "https://www.djcbsoftware.nl/code/mu/mu4e/Retrieval-and-indexing.html",
    "https://www.djcbsoftware.nl/code/mu/mu4e/Some-alternatives.html",
  ],
};

function folderFunction(root: string): string {
  return `(defun mailkey-mu4e-folder (account &rest names)
  "Return the first of NAMES that is a folder of ACCOUNT, or the first."
  (let ((root (expand-file-name account ${doubleQuoted(root)})))
    (format "/%s/%s" account
            (or (seq-find (lambda (name)
                            (file-directory-p (expand-file-name name root)))
                          names)
                (car names)))))
`;
}

/** @param index of the account: mu4e tells contexts apart by the first character of their names */
function context({ address, label }: MailAccount, index: number, all: readonly MailAccount[]): string {
  const name = all.length === 1 ? address : `${index + 1} ${address}`;
  const folders = Object.entries(FOLDERS).map(
    ([variable, names]) => `
             (${variable}
              . ,(mailkey-mu4e-folder ${doubleQuoted(label)}
                  ${names.map((folder) => doubleQuoted(folder)).join("\n                  ")}))`,
  );
  return `  (add-to-list
   'mu4e-contexts
   (make-mu4e-context
    :name ${doubleQuoted(name)}
    :match-func
    (lambda (message)
      (when message
        (string-prefix-p ${doubleQuoted(`/${label}/`)}
                         (mu4e-message-field message :maildir))))
    :vars \`((user-mail-address . ${doubleQuoted(address)})${folders.join("")}))
   t)`;
}
