/** The world outside, for reading other tools' files. */
import { readSecretLine } from "../accounts/secret-line.ts";
import { MailkeyError } from "../errors.ts";
import type { ImportPorts } from "../import/tool.ts";
import { openForeignFile } from "../import/open.ts";
import type { Settings } from "../mutt-oauth2/settings.ts";
import { configHome, expandHome, homeFolder, xdgFolder, type Environment } from "../platform/paths.ts";
import { run } from "../platform/process.ts";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import type { Asker } from "./ask.ts";
import type { Context } from "./context.ts";

export interface ImportChoices {
  readonly address: string | undefined;
  readonly passwordFile: string | undefined;
  readonly mayRunCommands: boolean;
}

/** @param asker undefined when nobody can be asked */
export function importPorts(
  { env }: Context,
  { pipes, clientFor }: Settings,
  { address, passwordFile, mayRunCommands }: ImportChoices,
  asker: Asker | undefined,
): ImportPorts {
  return {
    env,
    home: homeFolder(env),
    configHome: configHome(env),
    stateHome: xdgFolder(env, "XDG_STATE_HOME", ".local/state"),
    address,
    clientFor,
    readFile: (path) => openForeignFile(expandHome(path, env), pipes),
    async askPassword(mailbox, again) {
      if (passwordFile !== undefined)
        return again ? undefined : readSecretLine({ file: passwordFile }, "the password", env);
      const question = `The password that your mail program gives the proxy for ${peerText(mailbox, 100)}`;
      const answer = await asker?.secret(again ? `Another password is needed. ${question}` : question);
      return answer === undefined || answer.reveal() === "" ? undefined : answer;
    },
    runCommand: mayRunCommands ? (command) => printedSecret(command, env) : undefined,
    async lookUp(attribute, value) {
      const { status, stdout } = await run("secret-tool", ["lookup", attribute, value], { env });
      return status === 0 && stdout.length > 0 ? new Secret(new TextDecoder().decode(stdout)) : undefined;
    },
  };
}

/** The command itself is in no message: people write secrets into such lines. */
async function printedSecret(command: string, env: Environment): Promise<Secret> {
  try {
    return await readSecretLine({ command }, "the secret", env);
  } catch {
    throw new MailkeyError("ERR_PROGRAM", "a command that the file names for a secret fails, or prints nothing", {
      hint: "run it by hand, or leave --run-commands out",
    });
  }
}
