import { describe, expect, test } from "bun:test";
import { parseAuthArgument } from "../../src/mail/auth-argument.ts";

describe("what follows AUTH", () => {
  test("is a mechanism, and an initial response unless the client waits for a challenge; an equals sign is an empty one", () => {
    expect(parseAuthArgument("PLAIN")).toEqual({ mechanism: "PLAIN", initialResponse: undefined });
    expect(parseAuthArgument("PLAIN  AAAA=")).toEqual({ mechanism: "PLAIN", initialResponse: "AAAA=" });
    expect(parseAuthArgument("EXTERNAL =")).toEqual({ mechanism: "EXTERNAL", initialResponse: "" });
    for (const argument of ["", " ", "PLAIN a b", " PLAIN"]) expect(parseAuthArgument(argument)).toBeUndefined();
  });
});
