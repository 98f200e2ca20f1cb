/** Moves the vault below the first argument to the target (JSON) of the second, and dies by SIGKILL at the step of the third. */
import { systemClock } from "../../src/platform/clock.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { moveVault } from "../../src/vault/move.ts";
import type { VaultTarget } from "../../src/vault/switch.ts";

const [home = "", target = "", deadly = ""] = process.argv.slice(2);
const env = { ...process.env, MAILKEY_HOME: home };
const steps: string[] = [];
await moveVault(resolvePaths(env), env, JSON.parse(target) as VaultTarget, {
  clock: systemClock,
  onStep(step) {
    steps.push(step);
    if (step === deadly) process.kill(process.pid, "SIGKILL");
  },
});
process.stdout.write(JSON.stringify(steps));
