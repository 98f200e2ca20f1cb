/** What an agent that is killed costs: nothing, or what was in flight. `bench/kill.ts` does the same for hundreds of rounds. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startWorld, type World } from "../../lab/world.ts";
import { homeForKilling, killAgents } from "./agent-killing.ts";
import { succeeded, type Home } from "./harness.ts";

const ROUNDS = 12;

let world: World;
let home: Home;
beforeEach(async () => {
  world = await startWorld({ mail: "none" });
  home = await homeForKilling(world);
});
afterEach(async () => {
  await world.stop();
  home.dispose();
});

test("agents killed while they renew lose nothing, with a provider that keeps old refresh tokens valid", async () => {
  world.setRotation("keep-old-valid");
  const killed = await killAgents(home, ROUNDS);
  expect(killed).toMatchObject({ agents: ROUNDS, lost: 0 });
  expect(killed.inFlight).toBeGreaterThan(0);
  expect(killed.rescued).toBe(killed.inFlight);
});

test("agents killed while they renew lose what was in flight and say so, with a provider that punishes reuse", async () => {
  const killed = await killAgents(home, ROUNDS);
  expect(killed.inFlight).toBeGreaterThan(0);
  expect(killed.lost).toBeLessThanOrEqual(killed.inFlight);
  const vault = join(home.folder, ".local/state/mailkey/vault");
  expect(readdirSync(vault).filter((name) => !name.startsWith("."))).toHaveLength(1);
  succeeded(await home.mailkey(["token", home.address, "--force"]));
});
