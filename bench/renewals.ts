/**
 * Three months of an agent with 500 accounts at five providers, in simulated time: outages, 429, suspends, restarts, set clocks, revoked
 * sign-ins, other processes that renew. Prints how often the providers were asked, and fails when an account was not served although it
 * could have been, when somebody renewed twice for one end, or when there was a storm.
 *
 *   npm run bench:renewals [-- SEED [DAYS [ACCOUNTS]]]
 */
import { ModelTokens } from "./renewals/model.ts";
import { simulate, type Simulated } from "./renewals/simulate.ts";

const [seed = 1, days = 90, accounts = 500] = process.argv.slice(2).map(Number);
const started = performance.now();
const simulated = await simulate({ seed, days, accounts, tokens: (world) => new ModelTokens(world) });
print(simulated);
process.exit(simulated.findings.problems.length > 0 ? 1 : 0);

function print({ findings, providers }: Simulated): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(
    `seed ${seed}: ${days} days, ${accounts} accounts, ${findings.renewals} renewals, simulated in ${seconds} s\n\n`,
  );
  const columns = ["requests", "a minute", "most in 1 s", "in 10 s", "in 60 s", "by programs", "in outages", "an hour"];
  process.stdout.write(`${"provider".padEnd(16)}${columns.map((name) => name.padStart(13)).join("")}\n`);
  for (const provider of providers) {
    const requests = findings.requests(provider, "agent");
    const outages = findings.requestsInOutages(provider);
    const inOutages = outages.reduce((sum, each) => sum + each.requests, 0);
    const outageHours = outages.reduce((sum, { hours }) => sum + hours, 0);
    const cells = [
      requests,
      (requests / days / 1440).toFixed(2),
      ...findings.peaks(provider, "agent"),
      findings.requests(provider, "programs"),
      inOutages,
      (inOutages / outageHours).toFixed(1),
    ];
    process.stdout.write(
      `${provider.kind.name.padEnd(16)}${cells.map((cell) => String(cell).padStart(13)).join("")}\n`,
    );
  }
  process.stdout.write(
    `\n${findings.asks} times a program asked; ${findings.waits} times it had to wait, ${findings.needlessWaits} of them although all had been well for ten minutes\n` +
      `${findings.revoked} sign-ins were revoked, ${findings.lostInFlight} lost in flight with the provider that punishes reuse\n` +
      `${findings.wakeUps} wake-ups for renewals\n`,
  );
  for (const problem of findings.problems.slice(0, 20)) process.stdout.write(`PROBLEM: ${problem}\n`);
  process.stdout.write(findings.problems.length === 0 ? "as promised\n" : `${findings.problems.length} problems\n`);
}
