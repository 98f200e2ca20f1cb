/** swaks: no release knows XOAUTH2 or OAUTHBEARER. What people test with it, `mailkey test` and curl do. */
import { MailkeyError } from "../errors.ts";
import type { Recipe } from "./recipe.ts";

export const swaks: Recipe = {
  name: "swaks",
  title: "swaks",
  summary: "cannot use tokens: curl does its work",
  capabilities: [],
  executables: ["swaks"],
  versionArgs: ["--version"],
  versionPattern: /swaks version (\S+)/,
  render() {
    throw new MailkeyError("ERR_UNSUPPORTED", "no release of swaks can use tokens; curl can", {
      hint: "mailkey setup curl",
    });
  },
  sources: ["https://github.com/jetmore/swaks/pull/44"],
};
