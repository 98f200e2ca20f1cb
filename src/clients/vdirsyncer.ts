/**
 * vdirsyncer (calendars and contacts). Its `password.fetch = ["command", …]` would run mailkey well enough, but sends what it gets as a
 * password: `Authorization: Basic`. Servers that want a token refuse that, and a token for mail opens no calendar anyway. For Google it
 * signs in by itself.
 */
import { MailkeyError } from "../errors.ts";
import type { Recipe } from "./recipe.ts";

export const vdirsyncer: Recipe = {
  name: "vdirsyncer",
  title: "vdirsyncer",
  summary: "cannot use tokens, and tokens for mail open no calendar",
  capabilities: [],
  executables: ["vdirsyncer"],
  versionArgs: ["--version"],
  versionPattern: /version (\d+(?:\.\d+)+)/,
  render() {
    throw new MailkeyError(
      "ERR_UNSUPPORTED",
      "vdirsyncer sends passwords only, and a token for mail opens no calendar",
      {
        hint: "for Google's calendars, vdirsyncer's own google_calendar storage; elsewhere an app password, if there are any",
      },
    );
  },
  sources: [
    "https://vdirsyncer.pimutils.org/en/stable/config.html",
    "https://github.com/pimutils/vdirsyncer/pull/1219",
  ],
};
