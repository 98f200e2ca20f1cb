/** One user's home for imports: files in it, the command over it, and what the vault has afterwards. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { importCommand } from "../../src/cli/import.ts";
import { tokenPorts } from "../../src/cli/ports.ts";
import { report, runCommand } from "../../src/cli/run.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Credential } from "../../src/tokens/credential.ts";
import { CredentialStore } from "../../src/tokens/store.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

export class ImportWorld {
  readonly fake: FakeContext = fakeContext({ PATH: "/usr/bin:/bin" });
  /** Its clock is the real one: files are compared with it. */
  readonly context = { ...this.fake, clock: systemClock };

  write(name: string, text: string | Uint8Array, mode = 0o600): string {
    const path = join(this.fake.home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    return path;
  }

  /** @returns the exit status */
  async importing(...args: string[]): Promise<number> {
    try {
      return await runCommand(importCommand, args, this.context);
    } catch (error) {
      return report(error, this.context, args.includes("--json"));
    }
  }

  store(address: string): CredentialStore {
    return new CredentialStore(tokenPorts(this.context), address);
  }

  async credentialOf(address: string): Promise<Credential | undefined> {
    return (await this.store(address).load())?.credential;
  }
}
