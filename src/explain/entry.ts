/**
 * What an explanation is: data alone. The catalogue's files hold them by area; `match.ts` finds them in a text, `fill.ts` puts an
 * account's values into them.
 *
 * In `why`, `more`, `say` and `type`, capital words stand for the account's own values: ADDRESS (the mailbox), CLIENT (the client id),
 * IMAP_HOST, SMTP_HOST, and HELPER (the command that mail programs run for a token).
 */

export const AREAS = {
  microsoft: "Microsoft: signing in and renewing",
  google: "Google: signing in and renewing",
  oauth: "Any provider: OAuth2's own errors",
  server: "Mail servers",
  network: "The way to the server",
  program: "Mail programs",
  proxy: "mailkey's proxy and tunnel",
  apparmor: "AppArmor",
  vault: "gpg, keyring and the vault",
  mailkey: "mailkey itself",
} as const;

export type Area = keyof typeof AREAS;

/**
 * `verified`: the provider's or program's own documentation or source says so. `reported`: people have met it. `unverified`: nobody
 * has shown it; told with a "probably".
 */
export type Certainty = "verified" | "reported" | "unverified";

export interface Step {
  /** What to do: a sentence without its full stop, first letter small. */
  readonly say: string;
  /** What to type for it. */
  readonly type?: string;
  /**
   * Where `type` belongs: a shell when nothing is said, an administrator's Exchange Online PowerShell, or something else than a
   * command: a web address, a line of a program's own file.
   */
  readonly in?: "powershell" | "text";
}

export interface Entry {
  /** The first of its codes, or words joined by hyphens. Part of the command line's interface: `mailkey explain ID`, `--json`. */
  readonly id: string;
  readonly area: Area;
  /** What happened, for lists: a few words, lower case, no full stop. */
  readonly title: string;
  /** One sentence, lower case, no full stop, short enough to stand in a mail program's log. */
  readonly why: string;
  /** Whole sentences, where one is not enough. */
  readonly more?: string;
  readonly status: Certainty;
  /** Codes that stand for nothing else: matched whole, whatever stands around them. */
  readonly codes?: readonly string[];
  /** Texts as they are printed; `…` stands for anything short. White space, quotation marks and case do not matter. */
  readonly texts?: readonly string[];
  /** Texts with one of `texts` in them that other programs print for other reasons. */
  readonly except?: readonly string[];
  /** True where the words are so general that any other match tells more. */
  readonly general?: true;
  /** The best first. */
  readonly steps: readonly [Step, ...Step[]];
  /** What helps while the sign-in is still going on, as flags for the same command or as a sentence. */
  readonly signIn?: string;
  readonly sources: readonly [string, ...string[]];
}
