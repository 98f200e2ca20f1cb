/** What lies in another process's memory, for whoever may look: root. */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const CHUNK_BYTES = 4 * 1024 * 1024;
const PAGE_BYTES = 4096;
/** A number of eight bytes for each page (proc_pid_pagemap(5)): its highest bits say whether it is in memory, or swapped out. */
const ENTRY_BYTES = 8;
const IN_USE = 0xc0;

/**
 * @param texts ASCII, each of more characters than come about by chance
 * @returns those of them that lie in the process's writable memory, as Latin-1 or UTF-16, in which engines keep strings
 * @throws Error with code EACCES or EPERM for whoever may not look
 */
export function foundInMemory(pid: number, texts: readonly string[]): string[] {
  const forms = texts.map((text) => ({ text, bytes: [Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")] }));
  const overlap = Math.max(...texts.map(({ length }) => 2 * length));
  const found = new Set<string>();
  for (const piece of usedMemory(pid, overlap))
    for (const { text, bytes } of forms) if (bytes.some((form) => piece.includes(form))) found.add(text);
  return texts.filter((text) => found.has(text));
}

/** Pieces of pages that follow each other; each begins with the last bytes of the one before where it follows that. */
function* usedMemory(pid: number, overlap: number): Generator<Buffer> {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const pages = openSync(`/proc/${pid}/pagemap`, "r");
  try {
    for (const { start, end } of writableRegions(pid))
      for (const used of usedRuns(pages, start, end))
        for (let at = used.start; at < used.end; at += CHUNK_BYTES - overlap) {
          const piece = Buffer.alloc(Math.min(CHUNK_BYTES, used.end - at));
          const bytes = readAnyway(memory, piece, at);
          yield piece.subarray(0, bytes);
        }
  } finally {
    closeSync(memory);
    closeSync(pages);
  }
}

interface Region {
  readonly start: number;
  readonly end: number;
}

function writableRegions(pid: number): Region[] {
  const lines = readFileSync(`/proc/${pid}/maps`, "latin1").split("\n");
  return lines.flatMap((line) => {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    return start === undefined || end === undefined ? [] : [{ start: parseInt(start, 16), end: parseInt(end, 16) }];
  });
}

/** Engines reserve far more than they use. */
function* usedRuns(pages: number, start: number, end: number): Generator<Region> {
  let from: number | undefined;
  const entries = Buffer.alloc(ENTRY_BYTES * 65_536);
  for (let at = start; at < end; ) {
    const wanted = Math.min(entries.length, ((end - at) / PAGE_BYTES) * ENTRY_BYTES);
    const bytes = readSync(pages, entries, 0, wanted, (at / PAGE_BYTES) * ENTRY_BYTES);
    if (bytes === 0) break;
    for (let entry = ENTRY_BYTES - 1; entry < bytes; entry += ENTRY_BYTES, at += PAGE_BYTES) {
      const isUsed = ((entries[entry] ?? 0) & IN_USE) !== 0;
      if (isUsed) from ??= at;
      else if (from !== undefined) {
        yield { start: from, end: at };
        from = undefined;
      }
    }
  }
  if (from !== undefined) yield { start: from, end };
}

/** A page may have gone meanwhile. */
function readAnyway(memory: number, into: Buffer, at: number): number {
  try {
    return readSync(memory, into, 0, into.length, at);
  } catch {
    return 0;
  }
}
