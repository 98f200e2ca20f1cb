import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { MailkeyError } from "../../src/errors.ts";
import { Secret } from "../../src/platform/secret.ts";
import { xoauth2 } from "../../src/sasl/xoauth2.ts";
import { GARBAGE, TOKENS, USERS } from "./arbitraries.ts";

/** @see https://developers.google.com/gmail/imap/xoauth2-protocol#initial_client_response */
const EXAMPLE = {
  user: "someuser@example.com",
  token: "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
  encoded:
    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
};

describe("xoauth2", () => {
  test("encodes the example of Google's document", () => {
    const response = xoauth2.initialResponse({ user: EXAMPLE.user, token: new Secret(EXAMPLE.token) });
    expect(response.reveal()).toBe(EXAMPLE.encoded);
  });

  test("decodes the example of Google's document", () => {
    const decoded = xoauth2.decodeInitialResponse(EXAMPLE.encoded);
    expect(decoded?.user).toBe(EXAMPLE.user);
    expect(decoded?.token.reveal()).toBe(EXAMPLE.token);
  });

  test("decodes what it encoded, for any user and token", () => {
    fc.assert(
      fc.property(USERS, TOKENS, (user, token) => {
        const decoded = xoauth2.decodeInitialResponse(
          xoauth2.initialResponse({ user, token: new Secret(token) }).reveal(),
        );
        return decoded?.user === user && decoded.token.reveal() === token;
      }),
    );
  });

  test("refuses users that would end their field or the line", () => {
    for (const user of ["", "me\u0001auth=Bearer x", "me\r\nNOOP", "me\u0000", "me\u007f", "me\u0085"]) {
      expect(() => xoauth2.initialResponse({ user, token: new Secret("t") })).toThrow(MailkeyError);
    }
  });

  test("refuses tokens that no token endpoint gives, and does not quote them", () => {
    for (const token of ["", "has\u0001control", "has space", "two\r\nlines", "ümlaut"]) {
      try {
        xoauth2.initialResponse({ user: "me@example.com", token: new Secret(token) });
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(MailkeyError);
        if (token !== "") expect(String(error)).not.toContain(token);
      }
    }
  });

  test("does not print what it encoded", () => {
    const response = xoauth2.initialResponse({ user: EXAMPLE.user, token: new Secret(EXAMPLE.token) });
    expect(String(response) + JSON.stringify(response)).not.toContain(EXAMPLE.encoded.slice(0, 8));
  });

  test("decodes the scheme in any case, as servers are to accept it", () => {
    const encoded = Buffer.from("user=me\u0001auth=bearer abc\u0001\u0001").toString("base64");
    expect(xoauth2.decodeInitialResponse(encoded)?.token.reveal()).toBe("abc");
  });

  test("does not decode what is malformed", () => {
    const malformed = [
      "user=me\u0001auth=Bearer abc\u0001",
      "user=me\u0001auth=Basic abc\u0001\u0001",
      "user=\u0001auth=Bearer abc\u0001\u0001",
      "user=me\u0001auth=Bearer \u0001\u0001",
      "user=me\nyou\u0001auth=Bearer abc\u0001\u0001",
      "auth=Bearer abc\u0001user=me\u0001\u0001",
      "user=me\u0001auth=Bearer abc\u0001\u0001more",
    ];
    for (const text of malformed)
      expect(xoauth2.decodeInitialResponse(Buffer.from(text).toString("base64"))).toBeUndefined();
    for (const text of ["", "=", "****", `${EXAMPLE.encoded}\n`, EXAMPLE.encoded.slice(0, -1), "/////w=="])
      expect(xoauth2.decodeInitialResponse(text)).toBeUndefined();
  });

  test("never throws on what it is given to decode", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          GARBAGE,
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64")),
        ),
        (encoded) => {
          xoauth2.decodeInitialResponse(encoded);
        },
      ),
    );
  });
});
