/** Agents that die in the middle of a renewal, again and again: a few rounds in the tests, hundreds in `bench/kill.ts`. */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { World } from "../../lab/world.ts";
import { finish, Home, succeeded, type Result } from "./harness.ts";
import { startAgent } from "./started-agent.ts";

export interface Killed {
  /** Agents that were killed. */
  readonly agents: number;
  /** Of these, with a renewal under way that a program waited for. */
  readonly inFlight: number;
  /** Programs that were waiting for the agent when it died, and had a token all the same. */
  readonly rescued: number;
  /** Sign-ins that were gone: each said so, to whoever asked. */
  readonly lost: number;
}

/** The program has had its answer before this share of an undisturbed round is over. */
const LATEST = 1.2;
const TOKEN_LINE = /^[\x21-\x7e]+\n$/;

/** A home whose tokens are as good as over when they come: an agent begins to renew as soon as it runs. */
export async function homeForKilling(world: World): Promise<Home> {
  const home = new Home(world);
  world.setAccessTokenSeconds(1);
  succeeded(await home.mailkey(["vault", "init", "age"]));
  succeeded(await home.add(["--no-test"]));
  return home;
}

/**
 * Each round starts an agent and a program that asks it for a new token, kills the agent at a random moment until shortly after the
 * answer, and then asks again with a new process.
 *
 * @throws Error when anything but a token comes of it, or a lost sign-in that is told clearly
 */
export async function killAgents(home: Home, rounds: number): Promise<Killed> {
  const undisturbedMs = await undisturbed(home);
  const count = { agents: 0, inFlight: 0, rescued: 0, lost: 0 };
  for (let round = 0; round < rounds; round++) {
    const { child: agent } = await startAgent(home); // its own first renewal begins now
    const program = home.start(["token", home.address, "--force"]);
    const answer = finish(program);
    await sleep(Math.random() * LATEST * undisturbedMs);
    const waits = program.exitCode === null;
    agent.kill("SIGKILL");
    const first = await answer;
    const second = await home.mailkey(["token", home.address, "--force"]);
    count.agents += 1;
    if (waits) count.inFlight += 1;
    if (waits && hasToken(first, home)) count.rescued += 1;
    if (hasToken(second, home)) continue;
    count.lost += 1;
    succeeded(await home.mailkey(["login", home.address, "--no-test"]));
  }
  return count;
}

async function undisturbed(home: Home): Promise<number> {
  const { child: agent } = await startAgent(home);
  const start = performance.now();
  succeeded(await home.mailkey(["token", home.address, "--force"]));
  const tookMs = performance.now() - start;
  agent.kill("SIGKILL");
  return tookMs;
}

/** @returns false when the sign-in is lost. @throws Error for everything that is neither */
function hasToken({ status, stdout, stderr }: Result, home: Home): boolean {
  if (status === 0 && TOKEN_LINE.test(stdout)) return true;
  const isClear = status === 77 && stdout === "" && stderr.includes(`mailkey: hint: mailkey login ${home.address}\n`);
  if (!isClear) throw new Error(`exit ${status}\n${stdout}${stderr}`);
  return false;
}
