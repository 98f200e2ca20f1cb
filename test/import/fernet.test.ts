import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { assert, integer, nat, property, string } from "fast-check";
import { decryptFernet } from "../../src/import/fernet.ts";
import { fernet } from "./formats.ts";

/** generate.json of the specification. */
const VECTOR = {
  token: "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==",
  message: "hello",
  key: Buffer.from("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", "base64url"),
};

describe("Fernet", () => {
  test("reads the specification's own token", () => {
    expect(new TextDecoder().decode(decryptFernet(VECTOR.token, VECTOR.key))).toBe(VECTOR.message);
  });

  test("reads what was encrypted, with the same key only, and nothing that was changed", () => {
    assert(
      property(string({ unit: "binary" }), nat(), integer({ min: 1, max: 255 }), (message, place, change) => {
        const key = randomBytes(32);
        const token = fernet(message, key);
        expect(new TextDecoder().decode(decryptFernet(token, key))).toBe(
          new TextDecoder().decode(Buffer.from(message)),
        );
        expect(decryptFernet(token, randomBytes(32))).toBeUndefined();
        const bytes = Buffer.from(token, "base64url");
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        expect(decryptFernet(bytes.toString("base64url"), key)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  test("takes nothing for a token that is too short to be one", () => {
    for (const text of ["", "gA==", "x".repeat(75), "not base64 at all \u0000"])
      expect(decryptFernet(text, VECTOR.key)).toBeUndefined();
  });
});
