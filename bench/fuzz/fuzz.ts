/** Feeds one codec with hostile inputs. The same seed gives the same inputs. */
import { Mutator } from "./mutator.ts";
import { Random } from "./random.ts";

export interface FuzzTarget {
  readonly name: string;
  /** What real peers send. Latin-1. */
  readonly corpus: readonly string[];
  /** Worth putting anywhere. Latin-1. */
  readonly words: readonly string[];
  /**
   * @param input valid during the call
   * @throws when the codec does what it must not
   */
  run(input: Buffer, random: Random): void;
}

/** @throws what the target throws, with the input that made it so */
export function fuzz(target: FuzzTarget, inputs: number, seed: number): void {
  const random = new Random(seed);
  const mutator = new Mutator(random, target.corpus, target.words);
  for (let count = 0; count < inputs; count++) {
    const input = mutator.next();
    try {
      target.run(input, random);
    } catch (error) {
      const shown = JSON.stringify(input.toString("latin1"));
      throw new Error(`${target.name}, seed ${seed}, input ${count}: ${shown}`, { cause: error });
    }
  }
}

/** Gives `input` to `take` in up to `pieces` pieces, cut anywhere. */
export function inPieces(input: Buffer, pieces: number, random: Random, take: (piece: Buffer) => void): void {
  let at = 0;
  for (let left = pieces; left > 1 && at < input.length; left--) {
    const end = at + random.below(input.length - at + 1);
    take(input.subarray(at, end));
    at = end;
  }
  take(input.subarray(at));
}

export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`not kept: ${what}`);
}
