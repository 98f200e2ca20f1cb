/**
 * When passwords were last used, `proxy/last-used.json` in the state folder: to tell which device nobody has any more. Written by the proxy,
 * rarely and beside its work; losing it costs a date.
 */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { readPrivateText } from "../../platform/files.ts";
import type { Paths } from "../../platform/paths.ts";
import type { Holder, KeptPassword } from "./store.ts";

const FileSchema = v.object({ version: v.literal(1), used: v.record(v.string(), v.number()) });

/** Programs look for mail every few minutes; nobody needs to know it that well. */
const PRECISION_MS = 60 * 60 * 1000;
const MAX_BYTES = 16 * 1024 * 1024;

/** In milliseconds since the Unix epoch, by holder. */
type Uses = Readonly<Record<string, number>>;

/** To the hour. @returns undefined when it has not been used */
export function lastUsedMs(uses: Uses, kept: KeptPassword): number | undefined {
  const usedMs = uses[keyOf(kept)];
  // The device's password before this one may have been used.
  return usedMs !== undefined && usedMs >= Date.parse(kept.made) ? usedMs : undefined;
}

/** What cannot be read counts for nothing. */
export function readLastUses(paths: Pick<Paths, "state">): Uses {
  try {
    return v.parse(FileSchema, JSON.parse(readPrivateText(pathOf(paths), "trusted", MAX_BYTES) ?? "")).used;
  } catch {
    return {};
  }
}

export class LastUses {
  readonly #paths: Pick<Paths, "state">;
  readonly #nowMs: () => number;
  #uses: Uses | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param nowMs milliseconds since the Unix epoch */
  constructor(paths: Pick<Paths, "state">, nowMs: () => number) {
    this.#paths = paths;
    this.#nowMs = nowMs;
  }

  /** Returns at once; what happens to the file afterwards concerns nobody. @param all whose dates are worth keeping */
  note(kept: KeptPassword, all: readonly Holder[]): void {
    const nowMs = this.#nowMs();
    const uses = (this.#uses ??= readLastUses(this.#paths));
    const key = keyOf(kept);
    if (Math.abs(nowMs - (lastUsedMs(uses, kept) ?? 0)) < PRECISION_MS) return;
    const worthKeeping = new Set(all.map(keyOf));
    this.#uses = Object.fromEntries(
      [...Object.entries(uses), [key, nowMs] as const].filter(([each]) => worthKeeping.has(each)),
    );
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** When all that was noted has been written, or could not be. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(): Promise<void> {
    const path = pathOf(this.#paths);
    // Only one proxy runs: nobody else writes there. Not synced: that may take seconds, and nothing is lost but a date.
    const temporary = join(dirname(path), ".last-used.json.tmp");
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(temporary, `${JSON.stringify({ version: 1, used: this.#uses })}\n`, { mode: 0o600 });
      await rename(temporary, path);
    } catch {
      // a full disk keeps nobody from logging in
    }
  }
}

/** Addresses have no spaces. */
function keyOf(holder: Pick<Holder, "for" | "device">): string {
  return `${holder.for} ${holder.device}`;
}

function pathOf(paths: Pick<Paths, "state">): string {
  return join(paths.state, "proxy", "last-used.json");
}
