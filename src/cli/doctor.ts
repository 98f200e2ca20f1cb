/** `mailkey doctor`: says what is broken, what it means, and the commands that mend it. */
import { defaultConfig, loadConfig, type Config } from "../accounts/config.ts";
import { requireAccount } from "../accounts/store.ts";
import type { Check, Fix } from "../doctor/check.ts";
import { CHECK_GROUPS, CHECKS } from "../doctor/checks.ts";
import { applyFixes, type Mended } from "../doctor/fix.ts";
import { openMachine } from "../doctor/machine.ts";
import { examine, type Progress } from "../doctor/run.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { commandPath } from "../platform/command-path.ts";
import { jsonText, withoutControls } from "../platform/text.ts";
import type { AskPassphrase } from "../vault/passphrase.ts";
import { defineCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { checkList, reportJson, reportText, type Examined } from "./doctor-report.ts";
import { EXIT_ERRORS_FOUND, EXIT_WARNINGS_FOUND } from "./exit.ts";
import { tokenPorts } from "./ports.ts";
import { progressLine, type ProgressLine } from "./progress-line.ts";
import { passphraseAsker } from "./vault-targets.ts";

/** A person may have to find the passphrase first. */
const PATIENT_VAULT_LIMIT_MS = 120_000;

export const doctor = defineCommand({
  name: "doctor",
  summary: "find what is broken, and the commands that mend it",
  description: `Looks at mailkey's files, the vault, the network, the provider, the token, the mail servers and the mail programs that are
installed, all at once, in less than ten seconds. For each finding it says what was seen, what that means, and the commands that mend it:
type them one after the other. It renews tokens, logs in to the mail servers, and sends, reads and changes no mail.

--fix does what cannot lose anything (modes of files, missing folders, old temporary files), says what it did, and looks again.

The exit status is 0 when nothing is wrong, 1 when there are warnings only, 2 when something does not work.`,
  args: [{ name: "ADDRESS", summary: "only these accounts; left out: all", required: false, multiple: true }],
  options: {
    fix: { type: "boolean", summary: "mend what can be mended without a risk" },
    only: { type: "string", multiple: true, value: "CHECK", summary: "only this check; may be given several times" },
    list: { type: "boolean", summary: "list the checks and what they look at" },
    json: { type: "boolean", summary: "print a JSON object" },
  },
  examples: [
    { line: "mailkey doctor", meaning: "everything" },
    { line: "mailkey doctor you@hotmail.com --fix", meaning: "one account; mends what is safe to mend" },
    { line: "mailkey doctor --only file-modes", meaning: "one check again" },
  ],
  async run({ values, args, context }) {
    if (values.list === true) return context.stdout(checkList(CHECK_GROUPS, context.terminal.colourOut));
    const json = values.json === true;
    const checks = await chosenChecks(values.only);
    const addresses = args.length === 0 ? undefined : args.map((each) => existing(context, each));
    const ask = passphraseAsker(context);
    const progress = json ? undefined : progressLine(context);
    const look = () => examineOnce(context, checks, addresses, ask, progress);
    let examined = await look();
    const mended: Mended[] = [];
    // What is mended may bring to light what could not be seen before.
    for (
      let fixes = fixesOf(examined, mended);
      values.fix === true && fixes.length > 0;
      fixes = fixesOf(examined, mended)
    ) {
      const done = await applyFixes(fixes);
      if (!json) for (const each of done) context.stderr(mendedLine(each));
      mended.push(...done);
      examined = await look();
    }
    const { colourOut: colour, columns } = context.terminal;
    context.stdout(json ? `${jsonText(reportJson(examined, mended), 2)}\n` : reportText(examined, { colour, columns }));
    return exitStatus(examined);
  },
});

/** @throws ERR_USAGE naming the nearest */
async function chosenChecks(ids: readonly string[] | undefined): Promise<readonly Check[]> {
  if (ids === undefined) return CHECKS;
  const known = CHECKS.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return CHECKS.filter(({ id }) => ids.includes(id));
  const { nearest } = await import("./nearest.ts");
  const similar = nearest(unknown, known);
  throw new MailkeyError("ERR_USAGE", `there is no check ${JSON.stringify(unknown)}`, {
    hint: similar === undefined ? "mailkey doctor --list" : `did you mean --only ${similar}?`,
  });
}

/** A file that cannot be used is for a check to report; one that is not there is a slip. @throws ERR_ACCOUNT_UNKNOWN */
function existing({ paths }: Context, address: string): string {
  try {
    return requireAccount(paths, address).address;
  } catch (error) {
    if (isMailkeyError(error, "ERR_ACCOUNT_UNKNOWN")) throw error;
    return address;
  }
}

async function examineOnce(
  context: Context,
  checks: readonly Check[],
  addresses: readonly string[] | undefined,
  askPassphrase: AskPassphrase | undefined,
  progress: ProgressLine | undefined,
): Promise<Examined> {
  const { env, paths, clock, signal } = context;
  const config = usableConfig(context);
  const patience = askPassphrase === undefined ? {} : { vaultLimitMs: PATIENT_VAULT_LIMIT_MS };
  const machine = await openMachine({
    env,
    paths,
    clock,
    signal,
    config,
    ports: tokenPorts(context, config, askPassphrase),
    mailkey: commandPath(env),
    addresses,
    askPassphrase,
    ...patience,
  });
  try {
    // Before the checks' time begins to run: opening the vault may ask a person something.
    if (askPassphrase !== undefined) await machine.vault();
    const findings = await examine(machine, checks, { onProgress: (step) => progress?.show(progressText(step)) });
    return { checks: checks.length, accounts: machine.accounts.length, findings };
  } finally {
    progress?.clear();
    await machine.settled();
  }
}

/** What is wrong with config.toml is for its check to say. */
function usableConfig({ paths, env }: Context): Config {
  try {
    return loadConfig(paths, env);
  } catch (error) {
    if (isMailkeyError(error)) return defaultConfig(env);
    throw error;
  }
}

/** Those that have not been tried yet. */
function fixesOf({ findings }: Examined, tried: readonly Mended[]): Fix[] {
  const known = new Set(tried.map(({ does }) => does));
  return findings.flatMap(({ fix }) => (fix === undefined || known.has(fix.does) ? [] : [fix]));
}

function progressText({ done, total, waitingFor }: Progress): string {
  return done === 0 ? `examining: ${total} checks` : `examining: ${done} of ${total} done; ${waitingFor ?? ""}`;
}

function mendedLine({ does, failure }: Mended): string {
  return `${withoutControls(failure === undefined ? `done: ${does}` : `could not: ${does}: ${failure}`)}\n`;
}

function exitStatus({ findings }: Examined): number {
  if (findings.length === 0) return 0;
  return findings.some(({ severity }) => severity === "error") ? EXIT_ERRORS_FOUND : EXIT_WARNINGS_FOUND;
}
