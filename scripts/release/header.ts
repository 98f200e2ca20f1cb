/**
 * What an executable's own headers say of the platform it is for: the loader's view of it, and all that can be checked
 * of one that this machine cannot run. ELF, Mach-O and PE, 64 bits, little-endian; nothing else is made here.
 *
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
 * @see https://learn.microsoft.com/windows/win32/debug/pe-format
 */
import type { Target } from "../build/targets.ts";
import { isSignatureValid } from "./macos-signature.ts";

export interface Header {
  readonly os: Target["os"];
  readonly cpu: Target["cpu"];
  /** Of ELF: the loader it asks for. */
  readonly interpreter?: string;
  /** Of ELF: the shared libraries it asks for. */
  readonly libraries?: readonly string[];
  /** Of ELF: the versions of symbols it asks for, `GLIBC_2.17` and the like. */
  readonly symbolVersions?: readonly string[];
  /** Of Mach-O: whether it has a valid signature. Without, macOS may kill it, and on arm64 does. */
  readonly signed?: boolean;
}

const INTERPRETERS: Readonly<Record<string, string>> = {
  "linux-x64": "/lib64/ld-linux-x86-64.so.2",
  "linux-arm64": "/lib/ld-linux-aarch64.so.1",
  "linux-x64-musl": "/lib/ld-musl-x86_64.so.1",
  "linux-arm64-musl": "/lib/ld-musl-aarch64.so.1",
};

/** @throws Error when it is for another platform than `target`, or would not be started there */
export function checkHeader(bytes: Buffer, target: Target): Header {
  const header = readHeader(bytes);
  const found = [header.os, header.cpu, header.interpreter ?? []].flat().join(" ");
  const wanted = [target.os, target.cpu, INTERPRETERS[target.name] ?? []].flat().join(" ");
  if (found !== wanted) throw new Error(`an executable for ${wanted} is one for ${found}`);
  if (header.signed === false) throw new Error(`the executable for ${found} has no valid signature`);
  return header;
}

/** @throws Error when it is no executable of a kind that is made here */
export function readHeader(bytes: Buffer): Header {
  if (bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1) return elf(bytes);
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return machO(bytes);
  if (bytes.toString("latin1", 0, 2) === "MZ") return portableExecutable(bytes);
  throw new Error("neither ELF nor Mach-O nor PE");
}

function elf(bytes: Buffer): Header {
  const PT_INTERP = 3;
  const SHT_DYNAMIC = 6;
  const SHT_GNU_VERNEED = 0x6ffffffe;
  const interpreter = table(bytes, 32, 54, 56)
    .filter((at) => bytes.readUInt32LE(at) === PT_INTERP)
    .map((at) => text(bytes, offset(bytes, at + 8)))[0];
  const sections = table(bytes, 40, 58, 60).map((at) => ({
    type: bytes.readUInt32LE(at + 4),
    offset: offset(bytes, at + 24),
    size: offset(bytes, at + 32),
    link: bytes.readUInt32LE(at + 40),
    info: bytes.readUInt32LE(at + 44),
  }));
  const ofType = (wanted: number): StringSection[] =>
    sections
      .filter(({ type }) => type === wanted)
      .map(({ link, ...rest }) => Object.assign(rest, { strings: sections[link]?.offset ?? 0 }));
  return {
    os: "linux",
    cpu: cpuOf(bytes.readUInt16LE(18), { x64: 62, arm64: 183 }),
    ...(interpreter === undefined ? {} : { interpreter }),
    libraries: ofType(SHT_DYNAMIC).flatMap((section) => neededLibraries(bytes, section)),
    symbolVersions: ofType(SHT_GNU_VERNEED).flatMap((section) => neededVersions(bytes, section)),
  };
}

interface StringSection {
  readonly offset: number;
  readonly size: number;
  readonly info: number;
  /** Where its strings begin. */
  readonly strings: number;
}

function neededLibraries(bytes: Buffer, { offset: start, size, strings }: StringSection): string[] {
  const DT_NEEDED = 1;
  return Array.from({ length: Math.floor(size / 16) }, (_, index) => start + index * 16)
    .filter((at) => offset(bytes, at) === DT_NEEDED)
    .map((at) => text(bytes, strings + offset(bytes, at + 8)));
}

/** Two linked lists: libraries, and the versions that each of them is to have. */
function neededVersions(bytes: Buffer, { offset: start, info, strings }: StringSection): string[] {
  const found: string[] = [];
  let library = start;
  for (let count = 0; count < info; count++) {
    let version = library + bytes.readUInt32LE(library + 8);
    for (let each = bytes.readUInt16LE(library + 2); each > 0; each--) {
      found.push(text(bytes, strings + bytes.readUInt32LE(version + 8)));
      version += bytes.readUInt32LE(version + 12);
    }
    library += bytes.readUInt32LE(library + 12);
  }
  return found;
}

function machO(bytes: Buffer): Header {
  const cpu = cpuOf(bytes.readUInt32LE(4), { x64: 0x01000007, arm64: 0x0100000c });
  return { os: "darwin", cpu, signed: isSignatureValid(bytes) };
}

function portableExecutable(bytes: Buffer): Header {
  const start = bytes.readUInt32LE(60);
  if (bytes.toString("latin1", start, start + 4) !== "PE\0\0") throw new Error("no PE header in it");
  return { os: "win32", cpu: cpuOf(bytes.readUInt16LE(start + 4), { x64: 0x8664, arm64: 0xaa64 }) };
}

/** Where each entry of an ELF table begins, from where the header says its start, size and number are. */
function table(bytes: Buffer, start: number, size: number, number: number): number[] {
  const first = offset(bytes, start);
  const step = bytes.readUInt16LE(size);
  return Array.from({ length: bytes.readUInt16LE(number) }, (_, index) => first + index * step);
}

function offset(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString("latin1", at, bytes.indexOf(0, at));
}

function cpuOf(machine: number, machines: Readonly<Record<Target["cpu"], number>>): Target["cpu"] {
  if (machine === machines.x64) return "x64";
  if (machine === machines.arm64) return "arm64";
  throw new Error(`for another processor (0x${machine.toString(16)})`);
}
