import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { decodeFailureChallenge } from "../../src/sasl/failure-challenge.ts";
import { chooseMechanism } from "../../src/sasl/mechanisms.ts";
import { oauthbearer } from "../../src/sasl/oauthbearer.ts";
import { xoauth2 } from "../../src/sasl/xoauth2.ts";
import { GARBAGE } from "./arbitraries.ts";

function encode(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64");
}

describe("a failure challenge", () => {
  test("is decoded as in Google's document", () => {
    // https://developers.google.com/gmail/imap/xoauth2-protocol#error_response_2
    const encoded =
      "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K";
    expect(decodeFailureChallenge(encoded)).toEqual({
      status: "401",
      schemes: "bearer mac",
      scope: "https://mail.google.com/",
    });
  });

  test("is decoded as in RFC 7628 4.3", () => {
    const encoded =
      "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=";
    expect(decodeFailureChallenge(encoded)).toEqual({
      status: "invalid_token",
      scope: "example_scope",
      openidConfiguration: "https://example.com/.well-known/openid-configuration",
    });
  });

  test("may write its status as a number, and fields of other types are left out", () => {
    expect(decodeFailureChallenge(encode({ status: 400, scope: ["a"], schemes: null }))).toEqual({ status: "400" });
  });

  test("is nothing when it is empty, no JSON, no object, or without a status", () => {
    const others = ["", "VXNlcm5hbWU6", "!", encode([1]), encode("null"), encode({}), encode({ status: {} })];
    for (const encoded of others) expect(decodeFailureChallenge(encoded)).toBeUndefined();
  });

  test("is not read when it is out of all proportion", () => {
    expect(decodeFailureChallenge(encode({ status: "x".repeat(10_000) }))).toBeUndefined();
  });

  test("never makes the decoder throw", () => {
    fc.assert(
      fc.property(fc.oneof(GARBAGE, fc.json().map(encode)), (encoded) => {
        decodeFailureChallenge(encoded);
      }),
    );
  });

  test("is answered with an empty line by XOAUTH2 and with one 0x01 by OAUTHBEARER", () => {
    expect(xoauth2.answerFailure).toBe("");
    expect([...Buffer.from(oauthbearer.answerFailure, "base64")]).toEqual([1]);
  });
});

describe("choosing a mechanism", () => {
  test("takes the caller's first among those that the server offers, in any case", () => {
    expect(chooseMechanism(["XOAUTH2", "OAUTHBEARER"], ["PLAIN", "oauthbearer", "xoauth2"])).toBe(xoauth2);
    expect(chooseMechanism(["OAUTHBEARER", "XOAUTH2"], ["XOAUTH2"])).toBe(xoauth2);
  });

  test("takes none when the server offers none of them", () => {
    expect(chooseMechanism(["XOAUTH2"], ["PLAIN", "OAUTHBEARER"])).toBeUndefined();
  });
});
