/** Takes the lock named by the first argument, says so, and holds it until it is killed. */
import { tryLock } from "../../src/platform/lock.ts";

const lock = await tryLock(process.argv[2] ?? "");
process.stdout.write(lock === undefined ? "busy\n" : "held\n");
setInterval(() => lock, 60_000);
