/**
 * What people have been told already, so that neither the next attempt nor the next start of the agent says it again. A small file
 * without secrets; losing it costs a repetition.
 */
import { join } from "node:path";
import * as v from "valibot";
import { readPrivateText, replaceFile } from "../../platform/files.ts";
import type { Paths } from "../../platform/paths.ts";

const entry = v.object({
  /** Which one of its kind: a sign-in's date, an end, an error's code. */
  about: v.string(),
  /** Seconds before the end at which it was told last. */
  step: v.optional(v.number()),
  /** What tokens it was met with; absent when it was found in what had been noted. */
  resource: v.optional(v.string()),
});

const ToldSchema = v.object({
  version: v.literal(1),
  /** By address, and what it is: a kind, or a kind and a resource. */
  told: v.record(v.string(), v.record(v.string(), entry)),
});

export type News = v.InferOutput<typeof entry>;
type ToldFile = v.InferOutput<typeof ToldSchema>["told"];

const MAX_BYTES = 4 * 1024 * 1024;

export class Told {
  readonly #path: string;
  #told: ToldFile;

  constructor(paths: Pick<Paths, "state">) {
    this.#path = join(paths.state, "agent", "told.json");
    this.#told = read(this.#path);
  }

  /** Whether it is news, which it is no longer afterwards. A later step of the same is news again. */
  isNews(address: string, what: string, news: News): boolean {
    const known = this.#told[address]?.[what];
    const isKnown = known?.about === news.about && (news.step === undefined || (known.step ?? Infinity) <= news.step);
    if (isKnown) return false;
    this.#told[address] = { ...this.#told[address], [what]: news };
    this.#write();
    return true;
  }

  knows(address: string, what: string, about: string): boolean {
    return this.#told[address]?.[what]?.about === about;
  }

  /** It is mended: when it happens again, it is news. @returns whether something had been told */
  forget(address: string, isMended: (what: string, news: News) => boolean): boolean {
    const known = Object.entries(this.#told[address] ?? {});
    const left = known.filter(([what, each]) => !isMended(what, each));
    if (left.length === known.length) return false;
    if (left.length === 0) delete this.#told[address];
    else this.#told[address] = Object.fromEntries(left);
    this.#write();
    return true;
  }

  /** Forgets whom nobody has configured any more. */
  keepOnly(addresses: ReadonlySet<string>): void {
    const left = Object.entries(this.#told).filter(([address]) => addresses.has(address));
    if (left.length === Object.keys(this.#told).length) return;
    this.#told = Object.fromEntries(left);
    this.#write();
  }

  #write(): void {
    try {
      replaceFile(this.#path, `${JSON.stringify({ version: 1, told: this.#told })}\n`);
    } catch {
      // a full disk must not keep a warning back; the worst is hearing it twice
    }
  }
}

function read(path: string): ToldFile {
  try {
    return v.parse(ToldSchema, JSON.parse(readPrivateText(path, "trusted", MAX_BYTES) ?? "")).told;
  } catch {
    return {};
  }
}
