/** Another process that makes a password: `password-adder.ts HOME OWNER DEVICE`. */
import { systemClock } from "../../src/platform/clock.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { addPassword } from "../../src/proxy/passwords/store.ts";

const [home = "", owner = "", device = ""] = process.argv.slice(2);
await addPassword(resolvePaths({ MAILKEY_HOME: home }), systemClock, { for: owner, device });
