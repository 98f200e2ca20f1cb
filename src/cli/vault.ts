/** `mailkey vault`: where credentials rest, and how to change it. */
import { MailkeyError } from "../errors.ts";
import { shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";
import { createVault } from "../vault/open.ts";
import { finishMove, moveVault } from "../vault/move.ts";
import { loadVaultSettings, type VaultSettings } from "../vault/settings.ts";
import type { SetUp } from "../vault/set-up.ts";
import { lockVaultSettings, useVault, type SwitchPorts } from "../vault/switch.ts";
import { defineCommand, type Values } from "./command.ts";
import type { Context } from "./context.ts";
import { showVault } from "./vault-show.ts";
import { confirmedAsker, parseKind, passphraseAsker, targetOf, VAULT_OPTIONS } from "./vault-targets.ts";

const OPTIONS = {
  ...VAULT_OPTIONS,
  "leave-behind": { type: "boolean", summary: "init, use: give up credentials whose key is lost; their files stay" },
  json: { type: "boolean", summary: "print a JSON object" },
} as const;
type VaultValues = Values<typeof OPTIONS>;

export const vault = defineCommand({
  name: "vault",
  summary: "show, set up or change the place where credentials are kept",
  description: `Without an ACTION: shows the active vault and tries it out.

init KIND makes a key and the vault of it: a gpg key, an age identity, a key in the keyring of the operating system.
use KIND makes a vault active with keys that exist. It refuses while credentials are stored that it could not read.
move KIND carries all credentials over to another vault; interrupted, nothing is lost and the next run cleans up.

KIND is gpg (your own gpg), age (an identity file or a passphrase), keyring (Secret Service, macOS Keychain, Windows Credential Manager) or
command (any pair of commands). docs/vaults.md says which one to choose, and what each protects against.`,
  args: [
    { name: "ACTION", summary: "init, use or move; left out: show", required: false, choices: ["init", "use", "move"] },
    { name: "KIND", summary: "gpg, age, keyring or command", required: false, complete: "vault" },
  ],
  options: OPTIONS,
  examples: [
    { line: "mailkey vault", meaning: "shows the active vault and whether it works" },
    {
      line: "mailkey vault init gpg --passphrase-file ~/.config/mailkey/passphrase",
      meaning: "makes a gpg key for mailkey",
    },
    { line: "mailkey vault use gpg --recipient you@example.com", meaning: "uses a gpg key of yours" },
    { line: "mailkey vault move keyring", meaning: "carries all credentials over to the keyring" },
    {
      line: "mailkey vault use command --encrypt 'age -e -i KEY' --decrypt 'age -d -i KEY'",
      meaning: "any pair of commands, here age with an SSH key",
    },
  ],
  async run({ values, args, context }) {
    const [action, word] = args;
    if (action === undefined || action === "show") {
      await cleanUp(context);
      return showVault(context, values.json === true);
    }
    if (action !== "init" && action !== "use" && action !== "move") {
      throw new MailkeyError("ERR_USAGE", `there is no vault action ${JSON.stringify(action)}: init, use or move`, {
        hint: "mailkey help vault",
      });
    }
    const kind = parseKind(word);
    if (action === "init" && kind === "command")
      throw new MailkeyError("ERR_USAGE", "your own commands need no init", { hint: "mailkey vault use command" });
    if (action === "move" && values["leave-behind"] === true)
      throw new MailkeyError("ERR_USAGE", "a move leaves nothing behind", {
        hint: `mailkey vault use ${kind} --leave-behind`,
      });
    await cleanUp(context);
    const prepared = await targetOf(kind, values, action === "init", context);
    const ports = await portsFor(context, prepared, values);
    if (action === "move") return moveTo(prepared, ports, values, context);
    return activate(prepared, ports, values, context);
  },
});

/** Makes the vault active; when credentials are elsewhere, a new key stays and the move is named. */
async function activate(prepared: SetUp, ports: SwitchPorts, values: VaultValues, context: Context): Promise<void> {
  tellNotes(prepared, context);
  try {
    const settings = await useVault(context.paths, context.env, prepared.target, ports);
    await report(settings, [], values, context);
  } catch (error) {
    if (error instanceof MailkeyError && error.code === "ERR_USAGE")
      throw new MailkeyError(error.code, error.message, { cause: error, hint: moveLine(prepared, values) });
    throw error;
  }
}

async function moveTo(prepared: SetUp, ports: SwitchPorts, values: VaultValues, context: Context): Promise<void> {
  tellNotes(prepared, context);
  const { settings, moved } = await moveVault(context.paths, context.env, prepared.target, {
    ...ports,
    onStep: (step) => context.trace(`vault move: ${step}`),
  });
  await report(settings, moved, values, context);
}

/** An interrupted move is finished or taken back by whatever runs next. */
async function cleanUp(context: Context): Promise<void> {
  const { paths, env, clock, signal } = context;
  const ports = { clock, signal, ...askerOf(passphraseAsker(context)) };
  const lock = await lockVaultSettings(paths, ports);
  try {
    if (await finishMove(paths, env, ports)) context.stderr("mailkey: cleaned up after a move that was interrupted\n");
  } finally {
    lock.release();
  }
}

async function portsFor(context: Context, { target }: SetUp, values: VaultValues): Promise<SwitchPorts> {
  const { clock, signal, paths } = context;
  const alreadyTyped = loadVaultSettings(paths)?.age?.passphrase === "prompt";
  const ask =
    target.age?.passphrase === "prompt" && values.prompt === true && !alreadyTyped
      ? await confirmedAsker(context)
      : passphraseAsker(context);
  return { clock, signal, leaveBehind: values["leave-behind"] === true, ...askerOf(ask) };
}

function askerOf(ask: ReturnType<typeof passphraseAsker>) {
  return ask === undefined ? {} : { askPassphrase: ask };
}

function tellNotes({ notes }: SetUp, context: Context): void {
  for (const note of notes) context.stderr(`mailkey: ${note}\n`);
}

async function report(
  settings: VaultSettings,
  moved: readonly string[],
  values: VaultValues,
  { paths, env, stdout }: Context,
): Promise<void> {
  const { description } = await createVault(settings, paths, env, {});
  if (values.json === true) {
    stdout(`${jsonText({ active: settings.active, description, moved })}\n`);
    return;
  }
  const carried = moved.length === 0 ? "" : `; carried over: ${moved.join(", ")}`;
  stdout(`the active vault is ${settings.active}: ${description}${carried}\n`);
}

/** The command that does carry the credentials over, with the key that was just found or made. */
function moveLine({ target }: SetUp, values: VaultValues): string {
  const words = ["mailkey vault move", target.active];
  if (target.gpg !== undefined) words.push("--recipient", target.gpg.recipient);
  if (target.age?.identity !== undefined) words.push("--identity", shellWord(target.age.identity));
  for (const name of ["passphrase-file", "passphrase-command", "homedir", "program", "encrypt", "decrypt"] as const) {
    const value = values[name];
    if (value !== undefined) words.push(`--${name}`, shellWord(value));
  }
  if (values.prompt === true) words.push("--prompt");
  return words.join(" ");
}
