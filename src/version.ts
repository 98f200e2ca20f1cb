/** The version of this build; the same as in package.json, which a test compares. */
export const VERSION = "0.1.0";

/** When this version was made, for the man page. */
export const VERSION_DATE = "2026-11-24";

/** What `scripts/build/compile.ts` writes into an artefact about itself. */
export interface Build {
  /**
   * The commit it was made from, abbreviated; `-modified` after it when files were changed, `unknown` when there was no
   * git.
   */
  readonly commit: string;
  readonly artefact: "executable" | "bundle";
  /** Of an executable for Linux, which C library it needs. */
  readonly libc?: "glibc" | "musl";
}

declare const MAILKEY_BUILD: Build | undefined;

/** Undefined when it runs from its sources. */
export const BUILD: Build | undefined = typeof MAILKEY_BUILD === "undefined" ? undefined : MAILKEY_BUILD;
