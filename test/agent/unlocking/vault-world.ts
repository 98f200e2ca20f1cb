/** An agent's vault with a person who answers as told: real gpg, real age, and a pinentry that keeps count. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VaultLock, type UnlockPorts } from "../../../src/agent/unlocking/unlock.ts";
import type { Alarm } from "../../../src/platform/alarm.ts";
import { SecretMemory } from "../../../src/platform/secret-memory.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { agePassphraseCipher } from "../../../src/vault/age.ts";
import { fileVault } from "../../../src/vault/file-vault.ts";
import { saveVaultSettings } from "../../../src/vault/settings.ts";
import type { Vault } from "../../../src/vault/vault.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { cleanEnv, pathsIn, shortFolder, writeExecutable } from "../../vault/support.ts";

export const PASSPHRASE = "correct horse 50% battery\\staple é";
export const CREDENTIAL = '{"refreshToken":"M.C555_BAY.0.U.-Crefresh"}';
/** How mailkey is run from its sources. */
export const PROGRAM = [process.execPath, fileURLToPath(new URL("../../../src/main.ts", import.meta.url))];
/** A display that nothing is shown on: the pinentry of these tests needs none. */
export const SOMEWHERE = { DISPLAY: ":nowhere" };

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (read: Uint8Array | undefined) => (read === undefined ? undefined : new TextDecoder().decode(read));

export class FakeAlarm implements Alarm {
  ring: (() => void) | undefined;
  afterMs: number | undefined;

  set(afterMs: number, ring: () => void): void {
    this.afterMs = afterMs;
    this.ring = ring;
  }

  clear(): void {
    this.ring = undefined;
  }
}

/** What the person does, one word a question: `pin:TEXT`, `cancel`, `silence`, `hold` (until `release`); the last one stays. */
export type Answer = `pin:${string}` | "cancel" | "silence" | "hold";

export function vaultWorld() {
  const folder = shortFolder();
  const paths = pathsIn(folder.path);
  const file = (name: string) => join(folder.path, name);
  for (const path of [paths.config, paths.state, file("answers")]) mkdirSync(path, { mode: 0o700 });
  const pinentry = writeExecutable(
    file("pinentry"),
    `#!/bin/sh
dir='${folder.path}'
echo "OK Pleased to meet you"
while read -r command rest; do
  case $command in
    SETERROR|OPTION) echo "$command $rest" >> "$dir/log"; echo OK ;;
    GETPIN)
      echo "GETPIN DISPLAY=$DISPLAY GPG_TTY=$GPG_TTY" >> "$dir/log"
      n=$(grep -c GETPIN "$dir/log"); [ -e "$dir/answers/$n" ] || n=last
      read -r answer < "$dir/answers/$n"
      if [ "$answer" = hold ]; then while [ ! -e "$dir/release" ]; do sleep 0.02; done; read -r answer < "$dir/release"; fi
      case $answer in
        pin:*) printf 'D %s\\n' "\${answer#pin:}"; echo OK ;;
        cancel) echo "ERR 83886179 Operation cancelled <Pinentry>" ;;
        *) echo "ERR 83886142 Timeout <Pinentry>" ;;
      esac ;;
    BYE) echo OK; exit ;;
    *) echo OK ;;
  esac
done
`,
  );
  const encoded = (answer: Answer) => `${answer.replaceAll("%", "%25")}\n`;
  const env = cleanEnv(folder.path);
  const log = () => (existsSync(file("log")) ? readFileSync(file("log"), "utf8") : "");
  return {
    ...folder,
    paths,
    env,
    pinentry,
    file,
    log,
    questions: () => log().split("GETPIN").length - 1,
    answers(...answers: Answer[]) {
      writeFileSync(file("log"), "");
      for (const [index, answer] of answers.entries()) writeFileSync(file(`answers/${index + 1}`), encoded(answer));
      writeFileSync(file("answers/last"), encoded(answers.at(-1) ?? "cancel"));
    },
    release: (answer: Answer) => writeFileSync(file("release"), encoded(answer)),

    /** Credentials under an age passphrase, cheap to try. */
    async ageVault(names: readonly string[], workFactor = 10): Promise<Vault> {
      saveVaultSettings(paths, { active: "age", folder: "vault", age: { passphrase: "prompt" } });
      const passphrase = async () => new Secret(PASSPHRASE);
      const vault = fileVault(
        agePassphraseCipher({ description: "", passphrase, workFactor }),
        join(paths.state, "vault"),
      );
      for (const name of names) await vault.write(name, bytes(CREDENTIAL));
      return vault;
    },

    agent(options: Partial<UnlockPorts> & { lockAfterMs?: number } = {}) {
      const alarm = new FakeAlarm();
      const clock = new FakeClock();
      const events: string[] = [];
      const memory = new SecretMemory(undefined);
      const lock = new VaultLock({
        paths,
        env: { ...env, ...SOMEWHERE },
        alarm,
        clock,
        memory,
        program: PROGRAM,
        config: () => ({ lockAfterMs: options.lockAfterMs, pinentry }),
        observe: (event) => events.push(event.kind === "locked" ? `locked: ${event.reason}` : event.kind),
        ...options,
      });
      const read = async (name: string, asking: "may-ask" | "never" = "may-ask") =>
        text(await (await lock.openVault(asking)).read(name));
      return { lock, alarm, clock, events, memory, read };
    },
  };
}
