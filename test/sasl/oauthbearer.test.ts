import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { MailkeyError } from "../../src/errors.ts";
import { Secret } from "../../src/platform/secret.ts";
import { oauthbearer } from "../../src/sasl/oauthbearer.ts";
import { GARBAGE, TOKENS, USERS } from "./arbitraries.ts";

/** RFC 7628 4.1. */
const EXAMPLE = {
  user: "user@example.com",
  host: "server.example.com",
  port: 143,
  token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
  encoded:
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
};

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

describe("oauthbearer", () => {
  test("encodes the example of RFC 7628", () => {
    const { encoded, token, ...rest } = EXAMPLE;
    expect(oauthbearer.initialResponse({ ...rest, token: new Secret(token) }).reveal()).toBe(encoded);
  });

  test("decodes the example of RFC 7628", () => {
    const decoded = oauthbearer.decodeInitialResponse(EXAMPLE.encoded);
    expect(decoded).toMatchObject({ user: EXAMPLE.user, host: EXAMPLE.host, port: EXAMPLE.port });
    expect(decoded?.token.reveal()).toBe(EXAMPLE.token);
  });

  test("leaves host and port out when they are not given", () => {
    const response = oauthbearer.initialResponse({ user: "me", token: new Secret("abc") });
    expect(Buffer.from(response.reveal(), "base64").toString()).toBe("n,a=me,\u0001auth=Bearer abc\u0001\u0001");
  });

  test("escapes commas and equals signs of the user name, and nothing else", () => {
    const response = oauthbearer.initialResponse({ user: "a,b=c=2Cd é", token: new Secret("abc") });
    const text = Buffer.from(response.reveal(), "base64").toString();
    expect(text).toStartWith("n,a=a=2Cb=3Dc=3D2Cd é,\u0001");
  });

  test("decodes what it encoded, for any user, token, host and port", () => {
    const hosts = fc.option(fc.domain(), { nil: undefined });
    const ports = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
    fc.assert(
      fc.property(USERS, TOKENS, hosts, ports, (user, token, host, port) => {
        const decoded = oauthbearer.decodeInitialResponse(
          oauthbearer.initialResponse({ user, token: new Secret(token), host, port }).reveal(),
        );
        expect(decoded).toMatchObject({ user, host, port });
        expect(decoded?.token.reveal()).toBe(token);
      }),
    );
  });

  test("decodes other clients' forms: flag y, lower-case escapes, unknown fields, another order", () => {
    const decoded = oauthbearer.decodeInitialResponse(
      encode("y,a=me=2cyou,\u0001auth=bearer abc\u0001mthd=POST\u0001host=h\u0001\u0001"),
    );
    expect(decoded).toMatchObject({ user: "me,you", host: "h" });
    expect(decoded?.token.reveal()).toBe("abc");
  });

  test("does not decode what is malformed", () => {
    const malformed = [
      "n,a=me,\u0001auth=Bearer abc\u0001",
      "n,a=me\u0001auth=Bearer abc\u0001\u0001",
      "p=tls-unique,a=me,\u0001auth=Bearer abc\u0001\u0001",
      "n,a=me=,\u0001auth=Bearer abc\u0001\u0001",
      "n,a=me=41,\u0001auth=Bearer abc\u0001\u0001",
      "n,,\u0001auth=Bearer abc\u0001\u0001",
      "n,a=me,\u0001host=h\u0001\u0001",
      "n,a=me,\u0001auth=Basic abc\u0001\u0001",
      "n,a=me,\u0001port=x\u0001auth=Bearer abc\u0001\u0001",
      "n,a=me,\u0001auth=Bearer a b\u0001\u0001",
      "n,a=me,\u0001\u0001",
    ];
    for (const text of malformed) expect(oauthbearer.decodeInitialResponse(encode(text))).toBeUndefined();
  });

  test("refuses control characters in user and host", () => {
    const token = new Secret("abc");
    expect(() => oauthbearer.initialResponse({ user: "me\u0001", token })).toThrow(MailkeyError);
    expect(() => oauthbearer.initialResponse({ user: "me", token, host: "h\r\n" })).toThrow(MailkeyError);
  });

  test("never throws on what it is given to decode", () => {
    const pieces = fc.array(fc.constantFrom("n,", "y,", "a=", ",", "\u0001", "=2C", "=", "auth=Bearer ", "host=", "x"));
    fc.assert(
      fc.property(
        fc.oneof(
          GARBAGE,
          pieces.map((each) => encode(each.join(""))),
        ),
        (encoded) => {
          oauthbearer.decodeInitialResponse(encoded);
        },
      ),
    );
  });
});
