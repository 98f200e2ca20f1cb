/** What mailboxes without a person, imports and completions say, for the search whether there is a secret in it. What should succeed has to. */
import { join } from "node:path";
import { applicationFlags, serviceAccountFlags } from "../../lab/mailkey-flags.ts";
import { APPLICATION_ID, APPLICATION_SECRET, CERTIFICATE_CLIENT_ID } from "../../lab/registrations.ts";
import type { World } from "../../lab/world.ts";
import type { ClientCertificate } from "../support/client-certificate.ts";
import { writeSecretFile } from "../vault/support.ts";
import { succeeded, type Home, type Result } from "./harness.ts";
import { IMPORT_PASSWORD, importFiles } from "./secret-files.ts";

/** Runs mailkey, and keeps what it prints. */
export type Run = (...words: string[]) => Promise<Result>;

/** Mailboxes that nobody signs in to. */
export const [INFO, SALES] = ["info@mail.test", "sales@mail.test"] as const;
/** The file that is imported is named after its mailbox, as some tools name theirs. */
export const IMPORTED = "anna@gmail.com";

/** Applications with a secret and with a key, service accounts with their key in a file and in the vault, and a shared mailbox. */
export async function withoutPerson(home: Home, world: World, certificate: ClientCertificate, run: Run): Promise<void> {
  const secretFile = writeSecretFile(join(home.folder, "client-secret"), `${APPLICATION_SECRET}\n`);
  const keyFile = writeSecretFile(join(home.folder, "tokens"), await world.organisation.createServiceAccount());
  const withSecret = [...applicationFlags(world), `--client-id=${APPLICATION_ID}`];
  const withKey = [
    ...applicationFlags(world),
    `--client-id=${CERTIFICATE_CLIENT_ID}`,
    `--certificate=${certificate.certificateFile}`,
    `--key=${certificate.keyFile}`,
  ];
  await run("add", INFO, ...withSecret, `--client-secret-file=${keyFile}`, "--verbose");
  for (const flags of [
    serviceAccountFlags(world, keyFile),
    [...serviceAccountFlags(world, keyFile), "--key-in-vault"],
    withKey,
    [...withSecret, `--client-secret-file=${secretFile}`],
  ]) {
    succeeded(await run("add", INFO, ...flags, "--replace", "--verbose"));
    world.expireNow();
    await run("test", INFO, "--verbose", "--json");
  }
  succeeded(await run("test", INFO, "--force", "--verbose"));
  succeeded(await run("add", SALES, "--share", INFO, "--verbose"));
  for (const words of [["list"], ["status"], ["show", INFO], ["doctor"]]) await run(...words, "--json", "--verbose");
  for (const address of [SALES, INFO]) succeeded(await run("remove", address, "--yes", "--verbose"));
}

/** Every tool's file: looked at, taken, and cut in the middle. */
export async function withImports(home: Home, run: Run): Promise<void> {
  const file = join(home.folder, IMPORTED);
  const passwordFile = writeSecretFile(join(home.folder, "passphrase"), `${IMPORT_PASSWORD}\n`);
  const flags = ["--client-id", "mine", "--password-file", passwordFile, "--run-commands", "--replace", "--verbose"];
  for (const [tool, text] of Object.entries(importFiles())) {
    writeSecretFile(file, text);
    for (const last of ["--dry-run", "--json"]) succeeded(await run("import", file, "--from", tool, ...flags, last));
    writeSecretFile(file, text.slice(0, text.length / 2));
    await run("import", file, "--from", tool, ...flags);
  }
  for (const words of [["list"], ["show", IMPORTED]]) succeeded(await run(...words, "--json", "--verbose"));
  await run("status", "--json", "--verbose"); // some still have to sign in
}

export async function withCompletions(run: Run): Promise<void> {
  for (const what of ["bash", "zsh", "fish", "man", "install"]) succeeded(await run("completions", what));
  succeeded(await run("completions", "words", "bash", "token", ""));
  succeeded(await run("completions", "install", "--remove"));
}
