/** A home whose credentials are put behind a passphrase that only a person knows: nothing on the machine has seen it being chosen. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { resolvePaths, type Paths } from "../../src/platform/paths.ts";
import { Secret } from "../../src/platform/secret.ts";
import { agePassphraseCipher } from "../../src/vault/age.ts";
import { createGpgKey } from "../../src/vault/gpg-keys.ts";
import { gpgProgram } from "../../src/vault/gpg.ts";
import { openVault } from "../../src/vault/open.ts";
import { saveVaultSettings } from "../../src/vault/settings.ts";
import { writeExecutable } from "../vault/support.ts";
import { succeeded, type Home } from "./harness.ts";

export type PersonsVault = "age" | "gpg";

/** Carries what a home's vault holds over to one of `kind`, which only a person can open. */
export async function relock(home: Home, kind: PersonsVault, passphrase: string): Promise<void> {
  const environment = home.environment();
  const paths = resolvePaths(environment);
  const before = await openVault(paths, environment);
  const names = await before.list();
  const credentials = await Promise.all(names.map((name) => before.read(name)));
  await choose(kind, paths, home, passphrase);
  const secret = async () => new Secret(passphrase);
  // At little cost: what mailkey encrypts itself later has the usual one.
  const passphraseCipher = () => agePassphraseCipher({ description: "", passphrase: secret, workFactor: 10 });
  const after = await openVault(paths, environment, { passphraseCipher });
  for (const [index, name] of names.entries()) await after.write(name, credentials[index] ?? new Uint8Array());
  succeeded(await home.program("gpgconf", ["--kill", "gpg-agent"])); // it has seen the passphrase
}

async function choose(kind: PersonsVault, paths: Paths, home: Home, passphrase: string): Promise<void> {
  if (kind === "age")
    return saveVaultSettings(paths, { active: "age", folder: "vault-2", age: { passphrase: "prompt" } });
  const { fingerprint } = await createGpgKey(gpgProgram(home.environment()), new Secret(passphrase));
  saveVaultSettings(paths, { active: "gpg", folder: "vault-2", gpg: { recipient: fingerprint } });
}

/** A pinentry with a person who knows the passphrase; `log` gets a line for each time they are asked. @returns its path */
export function countingPinentry(home: Home, passphrase: string, log: string): string {
  writeFileSync(log, "");
  return writeExecutable(
    join(home.folder, "pinentry"),
    `#!/bin/sh
echo OK
while read -r command rest; do
  case $command in
    GETPIN) echo asked >> ${log}; echo "D ${passphrase}"; echo OK ;;
    BYE) echo OK; exit ;;
    *) echo OK ;;
  esac
done
`,
  );
}
