/**
 * A small executable for macOS: three load commands, some pages of code, and a place for a signature that has none in
 * it yet.
 */

const COMMANDS = 72 + 72 + 16;
const CPUS = { x64: 0x01000007, arm64: 0x0100000c };
/** No whole number of pages. */
const CODE_BYTES = 9000;
const SIGNATURE_BYTES = 48;

export function machO({ cpu }: { readonly cpu: keyof typeof CPUS }): Buffer {
  const file = Buffer.alloc(CODE_BYTES + SIGNATURE_BYTES, "code");
  file.fill(0, 0, 32 + COMMANDS);
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(CPUS[cpu], 4);
  file.writeUInt32LE(3, 16);
  file.writeUInt32LE(COMMANDS, 20);
  segment(file, 32, "__TEXT", 0, 8192);
  segment(file, 32 + 72, "__LINKEDIT", 8192, file.length - 8192);
  [0x1d, 16, CODE_BYTES, SIGNATURE_BYTES].forEach((value, index) => file.writeUInt32LE(value, 176 + index * 4));
  return file;
}

function segment(file: Buffer, at: number, name: string, offset: number, size: number): void {
  file.writeUInt32LE(0x19, at);
  file.writeUInt32LE(72, at + 4);
  file.write(name, at + 8, "latin1");
  file.writeBigUInt64LE(BigInt(offset), at + 40);
  file.writeBigUInt64LE(BigInt(size), at + 48);
}
