import { describe, expect, test } from "bun:test";
import { fuzz, must, type FuzzTarget } from "../../bench/fuzz/fuzz.ts";
import { FUZZ_TARGETS } from "../../bench/fuzz/targets.ts";

/** `npm run bench:fuzz` does ten million. */
const INPUTS = 10_000;

describe("hostile bytes", () => {
  for (const target of FUZZ_TARGETS)
    test(`do no harm to: ${target.name}`, () => {
      fuzz(target, INPUTS, 5);
    });

  test("reach the codec, mutated: the same ones for the same seed", () => {
    const seen = (seed: number) => {
      const inputs: string[] = [];
      const target: FuzzTarget = {
        name: "",
        corpus: ["abc", "xyz"],
        words: ["-"],
        run: (input) => inputs.push(String(input)),
      };
      fuzz(target, 100, seed);
      return inputs;
    };
    expect(seen(1)).toEqual(seen(1));
    expect(seen(1)).not.toEqual(seen(2));
    expect(new Set(seen(1)).size).toBeGreaterThan(50);
  });

  test("are shown with what they broke", () => {
    const target: FuzzTarget = { name: "glass", corpus: ["a"], words: ["b"], run: () => must(false, "it holds") };
    expect(() => fuzz(target, 10, 1)).toThrow(/^glass, seed 1, input 0: "/);
  });
});
