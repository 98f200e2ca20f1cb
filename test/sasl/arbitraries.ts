/** What a user name and an access token may be. */
import * as fc from "fast-check";

/** Any text without control characters and lone surrogates. */
export const USERS = fc
  .string({ unit: "grapheme", minLength: 1 })
  .map((text) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").toWellFormed())
  .filter((text) => text !== "");

/** Printable ASCII without the space, of the length that real tokens have. */
export const TOKENS = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 3000,
});

/** Any bytes, one character each. */
export const GARBAGE = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
