/**
 * Bytes that stay secret for long: in pages of their own that are not swapped and not dumped where the system allows, and
 * overwritten when they are done with.
 *
 * Pages are never given back: a view of wiped memory reads zeros, never somebody else's pages. Without the C library it is
 * ordinary memory, overwritten all the same.
 */
import type { Libc } from "./libc.ts";

export interface KeptSecret {
  /** A copy, the caller's to overwrite. */
  copy(): Uint8Array;
  equals(bytes: Uint8Array): boolean;
  /** Overwrites it. Twice is once; afterwards it is empty. */
  wipe(): void;
}

export interface MemoryUse {
  readonly secrets: number;
  /** Of secrets that cannot be swapped out, in whole pages. */
  readonly lockedBytes: number;
  /** Of those that can: over the limit (RLIMIT_MEMLOCK), or the platform has no such thing. */
  readonly unlockedBytes: number;
}

interface Pages {
  readonly memory: Uint8Array;
  readonly isLocked: boolean;
}

const PAGE = 4096;
/** @see madvise(2) */
const MADV_DONTDUMP = 16;

export class SecretMemory {
  readonly #libc: Libc | undefined;
  /** Wiped and waiting, by length. */
  readonly #free = new Map<number, Pages[]>();
  readonly #used = new Set<Pages>();

  constructor(libc: Libc | undefined) {
    this.#libc = libc;
  }

  /** Copies `bytes`, and overwrites them. */
  keep(bytes: Uint8Array): KeptSecret {
    const pages = this.#take(Math.max(1, Math.ceil(bytes.length / PAGE)) * PAGE);
    const view = pages.memory.subarray(0, bytes.length);
    view.set(bytes);
    bytes.fill(0);
    return new Kept(view, () => this.#giveBack(pages));
  }

  use(): MemoryUse {
    const bytes = (isLocked: boolean) =>
      [...this.#used].reduce((sum, pages) => sum + (pages.isLocked === isLocked ? pages.memory.length : 0), 0);
    return { secrets: this.#used.size, lockedBytes: bytes(true), unlockedBytes: bytes(false) };
  }

  #take(length: number): Pages {
    const pages = this.#free.get(length)?.pop() ?? this.#map(length);
    this.#used.add(pages);
    return pages;
  }

  #map(length: number): Pages {
    const memory = this.#libc?.mmap(length);
    if (this.#libc === undefined || memory === undefined) return { memory: Buffer.alloc(length), isLocked: false };
    this.#libc.madvise(memory, MADV_DONTDUMP);
    return { memory, isLocked: this.#libc.mlock(memory) === 0 };
  }

  #giveBack(pages: Pages): void {
    pages.memory.fill(0);
    this.#used.delete(pages);
    const free = this.#free.get(pages.memory.length) ?? [];
    free.push(pages);
    this.#free.set(pages.memory.length, free);
  }
}

class Kept implements KeptSecret {
  #view: Uint8Array;
  #wipe: (() => void) | undefined;

  constructor(view: Uint8Array, wipe: () => void) {
    this.#view = view;
    this.#wipe = wipe;
  }

  copy(): Uint8Array {
    return Uint8Array.from(this.#view);
  }

  equals(bytes: Uint8Array): boolean {
    return Buffer.compare(this.#view, bytes) === 0;
  }

  wipe(): void {
    this.#wipe?.();
    this.#wipe = undefined;
    this.#view = new Uint8Array();
  }
}
