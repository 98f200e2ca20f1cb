/**
 * The few functions of the C library that JavaScript has no words for, through `bun:ffi`: in the executable on Linux (glibc and
 * musl) and macOS. Undefined in Node, on Windows, and where there is no JIT, which bun:ffi needs.
 *
 * To be opened once, before the process forbids itself new code (`harden.ts`): opening makes some. Functions return -1 where
 * they fail and where the system does not have them.
 */
import type { Pointer } from "bun:ffi";
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
  /** The same for memory that JavaScript has nothing to do with. Linux. */
  madviseAt(address: number, length: number, advice: number): number;
  /** A timer of its own; undefined where there is none. Linux. @see timer_create(2) */
  bootTimer(): BootTimer | undefined;
  /** Of a socket that listens already: how many may wait to be accepted from now on. @see listen(2) */
  listen(descriptor: number, backlog: number): number;
  /** Fills `value`. @see getsockopt(2) */
  getsockopt(descriptor: number, level: number, option: number, value: Uint8Array): number;
}

/** Sends the process SIGALRM. Counts what the machine was suspended for. */
export interface BootTimer {
  /** Once, after `afterMs`; replaces what was set. */
  set(afterMs: number): void;
  clear(): void;
  /** Whether the signal is still to come. */
  isSet(): boolean;
}

const SYMBOLS = {
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "u64" },
  mlock: { args: ["ptr", "u64"], returns: "i32" },
  madvise: { args: ["ptr", "u64", "i32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
} as const;
const LINUX_SYMBOLS = {
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
} as const;
/** Of the C library since glibc 2.34; before, of another one. */
const TIMER_SYMBOLS = {
  timer_create: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  timer_settime: { args: ["u64", "i32", "ptr", "ptr"], returns: "i32" },
  timer_gettime: { args: ["u64", "ptr"], returns: "i32" },
} as const;

/** By the names under which the process has loaded it already. */
const NAMES =
  process.platform === "darwin"
    ? ["/usr/lib/libSystem.B.dylib"]
    : ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

/** @see clock_gettime(2) */
const CLOCK_BOOTTIME = 7;
const NS_PER_SECOND = 1_000_000_000n;
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
  const hasTimers = linux !== undefined && attempt(() => dlopen(name, TIMER_SYMBOLS).close());
  const timers = hasTimers ? dlopen(name, TIMER_SYMBOLS).symbols : undefined;
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
    madviseAt: (address, length, advice) => c.madvise(address as Pointer, length, advice),
    bootTimer() {
      const ids = new BigUint64Array(1);
      if (timers === undefined || timers.timer_create(CLOCK_BOOTTIME, null, ids) !== 0) return undefined;
      const [id = 0n] = ids;
      const set = (afterNs: bigint) => {
        timers.timer_settime(id, 0, BigInt64Array.of(0n, 0n, afterNs / NS_PER_SECOND, afterNs % NS_PER_SECOND), null);
      };
      return {
        set: (afterMs) => set(BigInt(Math.max(1, Math.round(afterMs * 1e6)))), // 0 would clear it
        clear: () => set(0n),
        isSet() {
          const left = new BigInt64Array(4);
          timers.timer_gettime(id, left);
          return left[2] !== 0n || left[3] !== 0n;
        },
      };
    },
    listen: (descriptor, backlog) => c.listen(descriptor, backlog),
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
