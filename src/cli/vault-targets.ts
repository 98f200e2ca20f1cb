/** From the flags of `mailkey vault init|use|move` to the vault that they describe. */
import { MailkeyError } from "../errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { AskPassphrase } from "../vault/passphrase.ts";
import { askTwice, createGpgVault, setUpAge, setUpGpg, setUpKeyring, type SetUp } from "../vault/set-up.ts";
import { loadVaultSettings, VAULT_KINDS } from "../vault/settings.ts";
import type { VaultKind } from "../vault/vault.ts";
import type { OptionSpecs, Values } from "./command.ts";
import type { Context } from "./context.ts";

export const VAULT_OPTIONS = {
  recipient: { type: "string", value: "KEY", summary: "gpg: fingerprint or address of one of your secret keys" },
  identity: { type: "string", value: "FILE", summary: 'age: an identity file, or "default" for mailkey\'s own' },
  "passphrase-file": { type: "string", value: "FILE", summary: "gpg, age: the passphrase is the first line of FILE" },
  "passphrase-command": { type: "string", value: "COMMAND", summary: "gpg, age: the passphrase is printed by COMMAND" },
  "no-passphrase": { type: "boolean", summary: "init gpg: make a key without a passphrase" },
  prompt: { type: "boolean", summary: "age: a passphrase that is typed, once a session with the agent" },
  homedir: { type: "string", value: "FOLDER", summary: "gpg: instead of GNUPGHOME" },
  program: { type: "string", value: "PROGRAM", complete: "file", summary: "gpg: instead of gpg on the PATH" },
  encrypt: { type: "string", value: "COMMAND", summary: "command: reads plaintext, prints ciphertext" },
  decrypt: { type: "string", value: "COMMAND", summary: "command: reads ciphertext, prints plaintext" },
} as const satisfies OptionSpecs;

type VaultValues = Values<typeof VAULT_OPTIONS>;
type VaultOption = keyof typeof VAULT_OPTIONS;

const ALLOWED: Readonly<Record<VaultKind, readonly VaultOption[]>> = {
  gpg: ["recipient", "passphrase-file", "passphrase-command", "no-passphrase", "homedir", "program"],
  age: ["identity", "passphrase-file", "passphrase-command", "prompt"],
  keyring: [],
  command: ["encrypt", "decrypt"],
};

/** @throws ERR_USAGE */
export function parseKind(word: string | undefined): VaultKind {
  const kind = VAULT_KINDS.find((name) => name === word);
  if (kind === undefined) {
    const what = word === undefined ? "which vault?" : `there is no vault ${JSON.stringify(word)}`;
    throw new MailkeyError("ERR_USAGE", `${what} one of ${VAULT_KINDS.join(", ")}`, { hint: "mailkey help vault" });
  }
  return kind;
}

/** @param create make a key where one can be made @throws ERR_USAGE, and what setting the vault up throws */
export async function targetOf(
  kind: VaultKind,
  values: VaultValues,
  create: boolean,
  context: Context,
): Promise<SetUp> {
  checkOptions(kind, values, create);
  if (kind === "age") return ageTarget(values, create, context);
  if (kind === "gpg") return create ? newGpgTarget(values, context) : gpgTarget(values, context);
  if (kind === "keyring") return setUpKeyring(context.env);
  const { encrypt, decrypt } = { ...loadVaultSettings(context.paths)?.command, ...values };
  if (encrypt === undefined || decrypt === undefined) throw usage("command needs both --encrypt and --decrypt");
  return { target: { active: "command", command: { encrypt, decrypt } }, notes: [] };
}

/** Without flags `use` and `move` take what vault.toml says already. */
async function ageTarget(values: VaultValues, create: boolean, { paths, env, clock }: Context): Promise<SetUp> {
  const present = loadVaultSettings(paths)?.age;
  const { prompt, identity } = values;
  const options = { ...passphraseOf(values), prompt, identity };
  const given = Object.values(options).some((value) => value !== undefined);
  if (!create && !given && present !== undefined) return { target: { active: "age", age: present }, notes: [] };
  return setUpAge(paths, env, options, new Date(clock.now().wallMs));
}

async function gpgTarget(values: VaultValues, { paths, env }: Context): Promise<SetUp> {
  const present = loadVaultSettings(paths)?.gpg;
  const { recipient, homedir, program } = values;
  const given = { ...passphraseOf(values), homedir, program };
  if (recipient !== undefined) return setUpGpg(paths, env, recipient, given);
  if (present === undefined) throw usage("gpg needs --recipient KEY, or make a key: mailkey vault init gpg");
  const keepsPassphrase = given.passphraseFile === undefined && given.passphraseCommand === undefined;
  return setUpGpg(paths, env, present.recipient, {
    passphraseFile: keepsPassphrase ? present.passphrase_file : given.passphraseFile,
    passphraseCommand: keepsPassphrase ? present.passphrase_command : given.passphraseCommand,
    homedir: homedir ?? present.homedir,
    program: program ?? present.program,
  });
}

async function newGpgTarget(values: VaultValues, context: Context): Promise<SetUp> {
  const { homedir, program, recipient } = values;
  if (recipient !== undefined) throw usage("--recipient names a key that exists: mailkey vault use gpg");
  const protect = values["no-passphrase"] !== true;
  const options = { ...passphraseOf(values), homedir, program };
  return createGpgVault(context.paths, context.env, { ...options, protect, ask: passphraseAsker(context) });
}

function passphraseOf(values: VaultValues) {
  return { passphraseFile: values["passphrase-file"], passphraseCommand: values["passphrase-command"] };
}

/** How a passphrase is asked for, once per command and question; absent without a terminal. */
export function passphraseAsker(context: Context): AskPassphrase | undefined {
  if (!context.terminal.interactive) return undefined;
  const answers = new Map<string, Promise<Secret>>();
  return (question) => {
    const known = answers.get(question);
    if (known !== undefined) return known;
    const answer = import("./ask-passphrase.ts").then(({ askPassphrase }) => askPassphrase(question, context.signal));
    answers.set(question, answer);
    return answer;
  };
}

/** For a vault whose passphrase is typed from now on: typed twice at first, then taken as answered. */
export async function confirmedAsker(context: Context): Promise<AskPassphrase> {
  const passphrase = await askTwice(passphraseAsker(context));
  return () => Promise.resolve(passphrase);
}

function checkOptions(kind: VaultKind, values: VaultValues, create: boolean): void {
  const given = (Object.keys(VAULT_OPTIONS) as VaultOption[]).filter((name) => values[name] !== undefined);
  const foreign = given.find((name) => !ALLOWED[kind].includes(name));
  if (foreign !== undefined) throw usage(`--${foreign} means nothing to the ${kind} vault`);
  const sources = new Set<VaultOption>([
    "passphrase-file",
    "passphrase-command",
    "no-passphrase",
    "prompt",
    "identity",
  ]);
  const sourcesGiven = given.filter((name) => sources.has(name));
  if (given.includes("no-passphrase") && !create)
    throw usage("--no-passphrase is for a new key: mailkey vault init gpg");
  if (sourcesGiven.length > 1)
    throw usage(`these exclude each other: ${sourcesGiven.map((name) => `--${name}`).join(", ")}`);
}

function usage(message: string): MailkeyError {
  return new MailkeyError("ERR_USAGE", message, { hint: "mailkey help vault" });
}
