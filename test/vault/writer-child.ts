/** Writes ever new generations of one credential into the age vault below the folder of the first argument. */
import { resolvePaths } from "../../src/platform/paths.ts";
import { openVault } from "../../src/vault/open.ts";

const [home = "", name = "", rounds = "1000000"] = process.argv.slice(2);
const env = { ...process.env, MAILKEY_HOME: home };
const vault = await openVault(resolvePaths(env), env);
for (let generation = 0; generation < Number(rounds); generation++) {
  await vault.write(
    name,
    new TextEncoder().encode(JSON.stringify({ generation, filling: "x".repeat(3000), end: true })),
  );
  if (generation === 0) process.stdout.write("writing\n");
}
