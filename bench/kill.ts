/**
 * Agents killed at random moments while they renew, with a provider that keeps old refresh tokens valid, and with one that punishes
 * their reuse: how often, and what was lost.
 *
 *   npm run bench:kill [-- ROUNDS]
 */
import { startWorld } from "../lab/world.ts";
import { homeForKilling, killAgents } from "../test/e2e/agent-killing.ts";

const rounds = Number(process.argv[2] ?? 500);

for (const rotation of ["keep-old-valid", "every-use"] as const) {
  const world = await startWorld({ mail: "none", rotation });
  const home = await homeForKilling(world);
  try {
    const { agents, inFlight, rescued, lost } = await killAgents(home, rounds);
    process.stdout.write(
      `${rotation}: ${agents} agents killed, ${inFlight} with a renewal in flight; ${rescued} of the programs that waited for it got a token all the same; ${lost} sign-ins lost\n`,
    );
  } finally {
    await world.stop();
    home.dispose();
  }
}
