/** Did you mean …? */
import { distance } from "fastest-levenshtein";

/** The candidate that `word` was probably meant to be, or undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      edits: candidate.startsWith(word) && word.length > 1 ? 0 : distance(word, candidate),
    }))
    .toSorted((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best !== undefined && best.edits <= (best.candidate.length < 4 ? 1 : 2) ? best.candidate : undefined;
}
