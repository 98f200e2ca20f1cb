/** Times whole commands in turn, so that whatever else the machine does falls on all of them alike. */
import { spawnSync } from "node:child_process";

export interface Contender {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Timing {
  readonly name: string;
  readonly meanMs: number;
  readonly medianMs: number;
}

/** @throws Error when a command fails: a fast failure must not look like a fast success */
export function measure(contenders: readonly Contender[], rounds: number): Timing[] {
  const samples = contenders.map((): number[] => []);
  const warmUpRounds = 3;
  for (let round = -warmUpRounds; round < rounds; round++) {
    contenders.forEach(({ name, command: [program, ...args], env }, index) => {
      const start = performance.now();
      const { status, stderr } = spawnSync(program, args, {
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const elapsedMs = performance.now() - start;
      if (status !== 0) throw new Error(`${name} failed with status ${status}: ${stderr.toString()}`);
      if (round >= 0) samples[index]?.push(elapsedMs);
    });
  }
  return contenders.map(({ name }, index) => ({ name, ...summary(samples[index] ?? []) }));
}

function summary(samples: readonly number[]): { meanMs: number; medianMs: number } {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const medianMs =
    sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { meanMs: sorted.reduce((sum, value) => sum + value, 0) / sorted.length, medianMs };
}

/** @param reference the name of what the others are compared with */
export function timingTable(timings: readonly Timing[], reference: string | undefined): string {
  const known = timings.find(({ name }) => name === reference);
  const head = `${"".padEnd(36)}${"mean".padStart(9)}${"median".padStart(9)}  script's median ÷ this\n`;
  const rows = timings.map(({ name, meanMs, medianMs }) => {
    const ratio = known === undefined || name === "/bin/true" ? "" : (known.medianMs / medianMs).toFixed(1);
    const [mean, median] = [meanMs, medianMs].map((ms) => `${ms.toFixed(1).padStart(6)} ms`);
    return `${name.padEnd(36)}${mean}${median}  ${ratio.padStart(6)}\n`;
  });
  return head + rows.join("");
}
