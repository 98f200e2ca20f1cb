/**
 * alpine: cannot be set up. It signs in by itself, as a client that the user has to register, at the few servers that it knows by name,
 * and asks no other program for a token. At any other server it cancels the login before it says a word.
 */
import { MailkeyError } from "../errors.ts";
import type { Recipe } from "./recipe.ts";

export const alpine: Recipe = {
  name: "alpine",
  title: "alpine",
  summary: "cannot use tokens: mutt and aerc do its work",
  capabilities: [],
  executables: ["alpine"],
  versionArgs: ["-v"],
  versionPattern: /^Alpine (\d+(?:\.\d+)+)/m,
  render() {
    throw new MailkeyError(
      "ERR_UNSUPPORTED",
      "alpine signs in by itself and takes no token from another program; mutt and aerc do",
      { hint: "mailkey setup mutt" },
    );
  },
  sources: ["http://alpine.x10host.com/alpine/alpine-info/misc/xoauth2.html"],
};
