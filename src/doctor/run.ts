/**
 * Runs the checks, all at once, each under a time limit, and puts their findings in order: the machine first, then account by account;
 * errors before warnings; otherwise in the order of the list. What several checks or accounts tell alike is told once.
 */
import { isMailkeyError } from "../errors.ts";
import type { AccountSubject, Check, Finding, Machine } from "./check.ts";
import { vaultSettings } from "./files.ts";
import { withLimit } from "../platform/limit.ts";
import { slownessOf } from "./vault-look.ts";

export interface ReportedFinding extends Finding {
  /** Its check's id. */
  readonly check: string;
  /** Whose it is; empty when it is the machine's. */
  readonly addresses: readonly string[];
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** The title of a check that is still running. */
  readonly waitingFor: string | undefined;
}

export interface ExamineOptions {
  /** Milliseconds for each check. */
  readonly limitMs?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/** All checks run side by side, so this is the limit of the whole examination, where the vault is not slow on purpose. */
const CHECK_LIMIT_MS = 9000;

/** One check of one subject. */
interface Task {
  readonly check: Check;
  readonly address: string | undefined;
  run(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** @throws what the machine's signal is aborted with */
export async function examine(
  machine: Machine,
  checks: readonly Check[],
  { limitMs, onProgress }: ExamineOptions = {},
): Promise<ReportedFinding[]> {
  const slowness = slownessOf(vaultSettings(machine));
  // Otherwise its computing would eat the time of all checks, and an agent that answers meanwhile would not be heard.
  const interrupted = interruption(machine.signal);
  if (slowness > 1) await Promise.race([machine.agent().then(() => machine.vault()), interrupted]);
  const taskLimitMs = limitMs ?? CHECK_LIMIT_MS * slowness;
  const tasks = checks.flatMap((check) => tasksOf(check, machine));
  const running = new Set(tasks);
  const tell = () =>
    onProgress?.({ done: tasks.length - running.size, total: tasks.length, waitingFor: [...running][0]?.check.title });
  tell();
  const results = tasks.map(async (task) => {
    const findings = await examined(task, machine.signal, taskLimitMs);
    running.delete(task);
    tell();
    return findings;
  });
  return inOrder(merged((await Promise.race([Promise.all(results), interrupted])).flat()), checks);
}

function tasksOf(check: Check, machine: Machine): Task[] {
  if (check.of === "machine") {
    return [{ check, address: undefined, run: async (signal) => check.examine({ ...machine, signal }) }];
  }
  const subjectUnder = (subject: AccountSubject, signal: AbortSignal) => ({
    ...subject,
    machine: { ...machine, signal },
  });
  return subjectsOf(check, machine).map((subject) => ({
    check,
    address: subject.account.address,
    run: async (signal) => check.examine(subjectUnder(subject, signal)),
  }));
}

/** What is wrong with a credential is told once, and to the account that lends it where that is examined, too. */
function subjectsOf({ of }: Check, { accounts }: Machine): readonly AccountSubject[] {
  if (of === "account") return accounts;
  const lendersFirst = [...accounts.filter(isLender), ...accounts.filter((subject) => !isLender(subject))];
  const known = new Set<string>();
  return lendersFirst.filter(({ account: { credential } }) => !known.has(credential) && known.add(credential));
}

function isLender({ account: { address, credential } }: AccountSubject): boolean {
  return address === credential;
}

async function examined(task: Task, interrupted: AbortSignal, limitMs: number): Promise<ReportedFinding[]> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(limitMs)]);
  const report = (finding: Finding): ReportedFinding => ({
    ...finding,
    check: task.check.id,
    addresses: task.address === undefined ? [] : [task.address],
  });
  try {
    return (await withLimit(task.run(signal), limitMs, () => new TimeUp())).map(report);
  } catch (error) {
    return interrupted.aborted ? [] : [report(unfinished(task.check, error, limitMs))];
  }
}

class TimeUp extends Error {}

/** A check that did not come to a result says nothing about what it looks at: that, too, has to be known. */
function unfinished({ id, title }: Check, error: unknown, limitMs: number): Finding {
  const common = { remedy: [`mailkey doctor --only ${id}`], means: `Nobody knows whether this is in order: ${title}.` };
  if (error instanceof TimeUp) {
    return { severity: "warning", seen: `the check ${id} did not end within ${limitMs / 1000} s`, ...common };
  }
  if (isMailkeyError(error)) return { severity: "error", seen: `the check ${id} failed: ${error.message}`, ...common };
  // A bug. Its message is not shown: it may quote what it stumbled over.
  const what = error instanceof Error ? error.name : typeof error;
  return { severity: "warning", seen: `the check ${id} broke off (${what}), which is a bug in mailkey`, ...common };
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** Findings that say the same and are mended the same become one, of all their accounts. */
function merged(findings: readonly ReportedFinding[]): ReportedFinding[] {
  const known = new Map<string, ReportedFinding>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.seen, finding.remedy]);
    const { addresses = [] } = known.get(key) ?? {};
    const all = new Set([...addresses, ...finding.addresses]);
    known.set(key, { ...(known.get(key) ?? finding), addresses: [...all] });
  }
  return [...known.values()];
}

function inOrder(findings: readonly ReportedFinding[], checks: readonly Check[]): ReportedFinding[] {
  const position = new Map(checks.map(({ id }, index) => [id, index]));
  const rank = ({ addresses: [first = ""], severity, check }: ReportedFinding) =>
    [first, severity === "error" ? 0 : 1, position.get(check) ?? 0] as const;
  return findings.toSorted((a, b) => {
    const [addressA, severityA, checkA] = rank(a);
    const [addressB, severityB, checkB] = rank(b);
    return addressA < addressB ? -1 : addressA > addressB ? 1 : severityA - severityB || checkA - checkB;
  });
}
