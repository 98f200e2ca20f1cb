import { describe, expect, test } from "bun:test";
import { isSignatureValid, signedAdHoc } from "../../../scripts/release/macos-signature.ts";
import { machO } from "./mach-o.ts";

describe("an ad-hoc signature for macOS", () => {
  const unsigned = machO({ cpu: "x64" });
  const signed = signedAdHoc(unsigned, "mailkey");

  test("makes an executable valid that was not", () => {
    expect(isSignatureValid(unsigned)).toBe(false);
    expect(isSignatureValid(signed)).toBe(true);
  });

  test("is made anew when there is one already, to the same bytes", () => {
    expect(signedAdHoc(signed, "mailkey").equals(signed)).toBe(true);
  });

  test.each([0, 24, 200, 4095, 4096, 8999])("ends its validity when byte %d is changed", (at) => {
    const changed = Buffer.from(signed);
    changed[at] = (changed[at] ?? 0) ^ 0x80;
    expect(isSignatureValid(changed)).toBe(false);
  });

  test("leaves the code as it was, but for the sizes of what it changes", () => {
    const different = [...unsigned.subarray(0, 9000).keys()].filter((at) => unsigned[at] !== signed[at]);
    const sizes = new Set([...range(104 + 32, 8), ...range(104 + 48, 8), ...range(176 + 12, 4)]);
    expect(different.filter((at) => !sizes.has(at))).toEqual([]);
  });

  test("is the end of the file, as the load commands say", () => {
    const size = signed.readUInt32LE(176 + 12);
    expect(9000 + size).toBe(signed.length);
    expect(Number(signed.readBigUInt64LE(104 + 48))).toBe(signed.length - 8192);
  });

  test("is refused where something follows the old one", () => {
    expect(() => signedAdHoc(Buffer.concat([unsigned, Buffer.from("more")]), "mailkey")).toThrow("not the end");
  });
});

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}
