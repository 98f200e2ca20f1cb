/** The version of this build; the same as in package.json, which a test compares. */
export const VERSION = "0.1.0";

/** When this version was made, for the man page. */
export const VERSION_DATE = "2026-11-24";
