/**
 * Feeds every codec that reads what strangers send with millions of hostile inputs. No exception but the codec's own, no answer that breaks
 * the protocol, and no memory that grows.
 *
 *   npm run bench:fuzz [-- INPUTS [SEED [TARGET]]]
 */
import { fuzz, type FuzzTarget } from "./fuzz.ts";
import { FUZZ_TARGETS } from "./targets.ts";

const [inputs = 10_000_000, seed = 1] = process.argv.slice(2, 4).map(Number);
const only = process.argv[4] ?? "";
const MB = 2 ** 20;
/** The runtime's garbage between two collections is of this order. */
const MAX_GROWTH_MB = 64;
/** For the compiler, and the heap's first growth. */
const WARM_UP_INPUTS = 100_000;

for (const target of FUZZ_TARGETS.filter(({ name }) => name.includes(only))) measure(target);

function measure(target: FuzzTarget): void {
  fuzz(target, Math.min(inputs, WARM_UP_INPUTS), seed + 1);
  const before = residentMb();
  const started = performance.now();
  fuzz(target, inputs, seed);
  const seconds = (performance.now() - started) / 1000;
  const after = residentMb();
  const grown = after - before;
  const verdict = grown > MAX_GROWTH_MB ? `grew by ${grown.toFixed(0)} MB` : "sound";
  const memory = `${before.toFixed(0)} -> ${after.toFixed(0)} MB`;
  process.stdout.write(
    `${target.name.padEnd(28)} ${inputs.toLocaleString("en")} inputs  ${seconds.toFixed(0)} s  ${memory}  ${verdict}\n`,
  );
  if (grown > MAX_GROWTH_MB) process.exitCode = 1;
}

function residentMb(): number {
  Bun.gc(true);
  return process.memoryUsage.rss() / MB;
}
