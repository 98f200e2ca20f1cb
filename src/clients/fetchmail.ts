/**
 * fetchmail: no stable release can use tokens. 6.4 and 6.5 refuse the word `oauthbearer` in their configuration; 7, which knows it, has
 * been an alpha version for years and takes the token from a file only. Some distributions patch 6.
 */
import { MailkeyError } from "../errors.ts";
import type { Recipe } from "./recipe.ts";

export const fetchmail: Recipe = {
  name: "fetchmail",
  title: "fetchmail",
  summary: "cannot use tokens: getmail or mpop does its work",
  capabilities: [],
  executables: ["fetchmail"],
  versionArgs: ["--version"],
  versionPattern: /fetchmail release (\d+(?:\.\d+)+)/,
  render() {
    throw new MailkeyError(
      "ERR_UNSUPPORTED",
      "no stable release of fetchmail can use tokens; getmail (IMAP) and mpop (POP3) can",
      {
        hint: "mailkey setup getmail",
      },
    );
  },
  sources: [
    "https://www.fetchmail.info/fetchmail-man.html",
    "https://build.opensuse.org/package/show/openSUSE:Slowroll/fetchmail", // the patches that 6.5.7 needs
  ],
};
