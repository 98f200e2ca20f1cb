/** The entry of the executable: from the process's arguments to its exit status. */
import { quickToken } from "./cli/quick-token.ts";
import { writeStderr, writeStdout } from "./platform/stdio.ts";

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const quick = await quickToken(words, process.env);
  if (quick !== undefined && "token" in quick && quick.warning === undefined) {
    try {
      writeStdout(`${quick.token}\n`);
      return 0;
    } catch {
      // told by the ordinary way, which tries it once more
    }
  }
  const { runProgram } = await import("./cli/program.ts");
  return runProgram(words, process.env, quick);
}

// `exit`, not `exitCode`: an idle connection kept alive by fetch must not hold the answer back.
process.exit(await main().catch(startFailure));

function startFailure(): number {
  writeStderr("mailkey: error: cannot start\n");
  return 70;
}
