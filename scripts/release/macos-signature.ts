/**
 * The signature inside an executable for macOS. Bun puts a valid one into those for arm64, and leaves in those for x64
 * the one that was made for Bun alone, which covers neither our program nor where things lie now: macOS may kill what
 * is signed wrongly. Such a one is replaced by an ad-hoc signature, as linkers make it: hashes of all pages, and
 * nobody's name. Apple's notarization is something else.
 *
 * Everything in a signature is big-endian; everything in the rest of the file little-endian.
 *
 * @see https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h
 * @see https://github.com/oven-sh/bun/issues/39758
 */
import { createHash } from "node:crypto";

const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const EMBEDDED_SIGNATURE = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
/** The first version that says where the code of the main program is. */
const VERSION = 0x20400;
const ADHOC_LINKER_SIGNED = 0x20002;
const SHA256 = 2;
const HASH_BYTES = 32;
/** As a power of two: 4 KiB. */
const PAGE_BITS = 12;
const DIRECTORY_BYTES = 88;
/** A superblob's head, and one entry in its index. */
const SUPERBLOB_BYTES = 12 + 8;
const EXECSEG_MAIN_BINARY = 1n;

/** Whether there is a signature, and all pages up to where it begins have the hashes that it says. */
export function isSignatureValid(file: Buffer): boolean {
  const { signature, offset } = parts(file);
  if (signature === undefined) return false;
  const directory = file.subarray(offset + file.readUInt32BE(offset + 16));
  if (file.readUInt32BE(offset) !== EMBEDDED_SIGNATURE || directory.readUInt32BE(0) !== CODE_DIRECTORY) return false;
  const hashes = directory.subarray(directory.readUInt32BE(16));
  const covered = directory.readUInt32BE(32);
  if (covered !== offset || directory[37] !== SHA256) return false;
  const expected = pageHashes(file.subarray(0, covered), directory[39] ?? 0);
  return hashes.subarray(0, expected.length).equals(expected);
}

/**
 * The same executable with an ad-hoc signature in the place of the one that it has. @throws Error when it has none, or
 * not at its end
 */
export function signedAdHoc(file: Buffer, identifier: string): Buffer {
  const { signature, offset, linkedit, text } = parts(file);
  if (signature === undefined || linkedit === undefined || text === undefined)
    throw new Error("no signature to replace");
  const linkeditOffset = Number(file.readBigUInt64LE(linkedit + 40));
  const end = linkeditOffset + Number(file.readBigUInt64LE(linkedit + 48));
  if (end !== file.length || offset + file.readUInt32LE(signature + 12) !== end)
    throw new Error("the signature is not the end of the file");
  const name = Buffer.from(`${identifier}\0`);
  const pages = Math.ceil(offset / 2 ** PAGE_BITS);
  const size = SUPERBLOB_BYTES + DIRECTORY_BYTES + name.length + pages * HASH_BYTES;

  // The sizes are part of what is hashed.
  const code = Buffer.from(file.subarray(0, offset));
  code.writeUInt32LE(size, signature + 12);
  const linkeditSize = BigInt(offset + size - linkeditOffset);
  code.writeBigUInt64LE(linkeditSize, linkedit + 48);
  code.writeBigUInt64LE(roundedUp(linkeditSize), linkedit + 32);

  const directory = Buffer.alloc(DIRECTORY_BYTES);
  [CODE_DIRECTORY, size - SUPERBLOB_BYTES, VERSION, ADHOC_LINKER_SIGNED, DIRECTORY_BYTES + name.length].forEach(
    (value, index) => directory.writeUInt32BE(value, index * 4),
  );
  directory.writeUInt32BE(DIRECTORY_BYTES, 20); // where the identifier is
  directory.writeUInt32BE(pages, 28);
  directory.writeUInt32BE(offset, 32);
  directory.set([HASH_BYTES, SHA256, 0, PAGE_BITS], 36);
  directory.writeBigUInt64BE(file.readBigUInt64LE(text + 40), 64);
  directory.writeBigUInt64BE(file.readBigUInt64LE(text + 48), 72);
  directory.writeBigUInt64BE(EXECSEG_MAIN_BINARY, 80);
  const superblob = Buffer.alloc(SUPERBLOB_BYTES);
  [EMBEDDED_SIGNATURE, size, 1, 0, SUPERBLOB_BYTES].forEach((value, index) =>
    superblob.writeUInt32BE(value, index * 4),
  );
  return Buffer.concat([code, superblob, directory, name, pageHashes(code, PAGE_BITS)]);
}

/** Where the load commands are that matter, and where the signature begins. */
function parts(file: Buffer) {
  const at: { signature?: number; linkedit?: number; text?: number } = {};
  let command = 32;
  for (let count = file.readUInt32LE(16); count > 0; count--) {
    const kind = file.readUInt32LE(command);
    const name = file.toString("latin1", command + 8, command + 24).replace(/\0.*$/s, "");
    if (kind === LC_CODE_SIGNATURE) at.signature = command;
    if (kind === LC_SEGMENT_64 && name === "__LINKEDIT") at.linkedit = command;
    if (kind === LC_SEGMENT_64 && name === "__TEXT") at.text = command;
    command += file.readUInt32LE(command + 4);
  }
  return { ...at, offset: at.signature === undefined ? file.length : file.readUInt32LE(at.signature + 8) };
}

function pageHashes(code: Buffer, pageBits: number): Buffer {
  const size = 2 ** pageBits;
  const pages = Array.from({ length: Math.ceil(code.length / size) }, (_, page) =>
    createHash("sha256")
      .update(code.subarray(page * size, (page + 1) * size))
      .digest(),
  );
  return Buffer.concat(pages);
}

/** To whole pages of memory, 16 KiB where they are largest. */
function roundedUp(bytes: bigint): bigint {
  const page = 0x4000n;
  return ((bytes + page - 1n) / page) * page;
}
