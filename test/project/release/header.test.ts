import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { hostTarget, type Target, TARGETS } from "../../../scripts/build/targets.ts";
import { checkHeader, readHeader } from "../../../scripts/release/header.ts";
import { signedAdHoc } from "../../../scripts/release/macos-signature.ts";
import { machO } from "./mach-o.ts";

const target = (name: string) => TARGETS.find((each) => each.name === name) as Target;

function portableExecutable(machine: number): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.write("MZ", 0, "latin1");
  bytes.writeUInt32LE(64, 60);
  bytes.write("PE\0\0", 64, "latin1");
  bytes.writeUInt16LE(machine, 68);
  return bytes;
}

describe("the header of an executable", () => {
  test("of this machine is taken for this machine's, and for no other", () => {
    const bytes = readFileSync(process.execPath);
    const host = hostTarget();
    expect(checkHeader(bytes, host)).toMatchObject({ os: host.os, cpu: host.cpu });
    for (const other of TARGETS.filter(({ name }) => name !== host.name))
      expect(() => checkHeader(bytes, other)).toThrow("an executable for");
  });

  test.if(process.platform === "linux")("of Linux names loader, libraries and versions of symbols", () => {
    const { interpreter, libraries, symbolVersions } = readHeader(readFileSync(process.execPath));
    expect(interpreter).toMatch(/^\/lib(64)?\/ld-/);
    expect(libraries).toContainEqual(expect.stringMatching(/^lib.*\.so/));
    if (hostTarget().libc === "glibc") expect(symbolVersions).toContain("GLIBC_2.17");
  });

  test("of macOS has to have a valid signature", () => {
    const unsigned = machO({ cpu: "x64" });
    expect(() => checkHeader(unsigned, target("darwin-x64"))).toThrow("no valid signature");
    expect(() => checkHeader(unsigned, target("darwin-arm64"))).toThrow("one for darwin x64");
    expect(checkHeader(signedAdHoc(unsigned, "mailkey"), target("darwin-x64")).signed).toBe(true);
  });

  test("of Windows tells the processor", () => {
    expect(checkHeader(portableExecutable(0xaa64), target("win32-arm64"))).toEqual({ os: "win32", cpu: "arm64" });
    expect(() => checkHeader(portableExecutable(0x8664), target("win32-arm64"))).toThrow("one for win32 x64");
    expect(() => readHeader(portableExecutable(0x14c))).toThrow("for another processor");
  });

  test("of a script is none", () => {
    expect(() => readHeader(Buffer.from("#!/bin/sh\nexit 0\n"))).toThrow("neither ELF nor Mach-O nor PE");
  });
});
