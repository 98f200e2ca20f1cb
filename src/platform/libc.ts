/**
 * The few functions of the C library that JavaScript has no words for, through `bun:ffi`: in the executable on Linux (glibc and
 * musl) and macOS. Undefined in Node, on Windows, and where there is no JIT, which bun:ffi needs.
 *
 * To be opened once, before the process forbids itself new code (`harden.ts`): opening makes some. Functions return -1 where
 * they fail and where the system does not have them.
 */
import { isBun } from "./runtime.ts";

export interface Libc {
  /** @see prctl(2). Linux. */
  prctl(option: number, value: number): number;
  /** Sets the soft and the hard limit. @see setrlimit(2) */
  setrlimit(resource: number, limit: number): number;
  /** Anonymous memory of whole pages, for the life of the process; undefined when there is none. @see mmap(2) */
  mmap(length: number): Uint8Array | undefined;
  /** @see mlock(2) */
  mlock(memory: Uint8Array): number;
  /** @see madvise(2). Linux. */
  madvise(memory: Uint8Array, advice: number): number;
  /** Fills `value`. @see getsockopt(2) */
  getsockopt(descriptor: number, level: number, option: number, value: Uint8Array): number;
}

const SYMBOLS = {
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "u64" },
  mlock: { args: ["ptr", "u64"], returns: "i32" },
  madvise: { args: ["ptr", "u64", "i32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
} as const;
const LINUX_SYMBOLS = {
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
} as const;

/** By the names under which the process has loaded it already. */
const NAMES =
  process.platform === "darwin"
    ? ["/usr/lib/libSystem.B.dylib"]
    : ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

const PROT_READ_WRITE = 3;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = process.platform === "darwin" ? 0x1000 : 0x20;
/** Addresses of processes end below; what is above is MAP_FAILED. */
const ADDRESS_END = 2n ** 56n;

export async function openLibc(): Promise<Libc | undefined> {
  if (!isBun || (process.platform !== "linux" && process.platform !== "darwin")) return undefined;
  const { dlopen, toArrayBuffer } = await import("bun:ffi");
  const name = NAMES.find((each) => attempt(() => dlopen(each, SYMBOLS).close()));
  if (name === undefined) return undefined;
  const c = dlopen(name, SYMBOLS).symbols;
  const linux = process.platform === "linux" ? dlopen(name, LINUX_SYMBOLS).symbols : undefined;
  return {
    prctl: (option, value) => linux?.prctl(option, value, 0, 0, 0) ?? -1,
    setrlimit: (resource, limit) => c.setrlimit(resource, BigUint64Array.of(BigInt(limit), BigInt(limit))),
    mmap(length) {
      const address = c.mmap(null, length, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (address <= 0n || address >= ADDRESS_END) return undefined;
      return new Uint8Array(toArrayBuffer(Number(address), 0, length));
    },
    mlock: (memory) => c.mlock(memory, memory.length),
    madvise: (memory, advice) => c.madvise(memory, memory.length, advice),
    getsockopt: (descriptor, level, option, value) =>
      c.getsockopt(descriptor, level, option, value, Uint32Array.of(value.length)),
  };
}

function attempt(open: () => void): boolean {
  try {
    open();
    return true;
  } catch {
    return false; // not that C library, or no JIT
  }
}
