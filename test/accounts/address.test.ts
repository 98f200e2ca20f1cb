import { describe, expect, test } from "bun:test";
import { assert, property, string } from "fast-check";
import { addressToFileName, fileNameToAddress, normaliseAddress } from "../../src/accounts/address.ts";

describe("an address", () => {
  test.each([
    ["Me@Hotmail.COM", "me@hotmail.com"],
    ["me@bücher.example", "me@xn--bcher-kva.example"],
    ["a+b@x.org", "a+b@x.org"],
    ["odd@name@x.org", "odd@name@x.org"],
  ])("%p is compared as %p", (given, expected) => {
    if (given.split("@").length > 2) expect(() => normaliseAddress(given)).toThrow();
    else expect(normaliseAddress(given)).toBe(expected);
  });

  test.each([
    "",
    "@",
    "me",
    "me@",
    "@x.org",
    "me@x y.org",
    "me @x.org",
    "me@x/../y",
    "me@x.org:1",
    "me@[::1]",
    "me\n@x.org",
  ])("%p is none", (given) => {
    expect(() => normaliseAddress(given)).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  });

  test("as a file name stays in its folder, is not hidden, and comes back", () => {
    for (const hostile of [
      "../../etc/passwd@x.org",
      ".@x.org",
      "a/b@x.org",
      "a\\b@x.org",
      "a'b@x.org",
      "ä@x.org",
      "%2e@x.org",
    ]) {
      const name = addressToFileName(hostile);
      expect(name).toMatch(/^[A-Za-z0-9%@_+=-][A-Za-z0-9%@._+=-]*$/);
      expect(fileNameToAddress(name)).toBe(normaliseAddress(hostile));
    }
  });

  test("round-trips through its file name, whatever the local part", () => {
    assert(
      property(string({ unit: "grapheme", minLength: 1 }), (local) => {
        const address = `${local}@x.org`;
        let normal: string;
        try {
          normal = normaliseAddress(address);
        } catch {
          return;
        }
        expect(fileNameToAddress(addressToFileName(address))).toBe(normal);
      }),
    );
  });
});
