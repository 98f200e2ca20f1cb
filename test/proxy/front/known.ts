/** Who may log in in the fronts' tests, and what is sent there at random. */
import * as fc from "fast-check";
import type { Answers } from "./conversation.ts";

export const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");

export const ANNA = { user: "anna@example.com", password: "correct horse", clientName: undefined };
export const PLAIN = base64(`\0${ANNA.user}\0${ANNA.password}`);

/** The password is wrong unless it is Anna's. */
export const known: Answers = {
  refusal: ({ password }) => (password?.reveal() === ANNA.password ? undefined : { kind: "password" }),
};

/** How to cut a text: the sizes of its pieces, over and over. */
export const SIZES = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

/** Most of them, but not all, end as they should. */
const ENDS = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\0\r\n");

/** Conversations that consist of `lines`. */
export function textsOf(lines: readonly string[]): fc.Arbitrary<string> {
  return fc.array(fc.tuple(fc.constantFrom(...lines), ENDS)).map((parts) => parts.flat().join(""));
}

/** Conversations that consist of `texts`, and bytes that mean nothing. */
export function disturbed(texts: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  const anything = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
  return fc.array(fc.oneof(texts, anything));
}
