/** From files to plans: which tool a file is of, what it says, and what could be made of it. */
import { isSameAddress, normaliseAddress } from "../accounts/address.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import type { Instant } from "../platform/clock.ts";
import { planImport, type ImportPlan } from "./plan.ts";
import {
  isUsable,
  unusable,
  type Found,
  type FoundAccount,
  type ForeignFile,
  type ImportPorts,
  type ImportTool,
  type Unusable,
} from "./tool.ts";
import { recogniseTool, TOOL_NAMES } from "./tools.ts";

/** An account that can be imported, and where it comes from. */
export interface Candidate {
  readonly tool: ImportTool;
  readonly file: ForeignFile;
  readonly plan: ImportPlan;
}

export interface Collection {
  readonly candidates: readonly Candidate[];
  readonly unusable: readonly Unusable[];
}

export interface Sources {
  readonly paths: readonly string[];
  /** The user named them: nothing is imported when one of them is no good. One that was only found is passed over. */
  readonly wereNamed: boolean;
  /** Whose they are, when the user said so. */
  readonly tool: ImportTool | undefined;
  readonly open: (path: string) => Promise<ForeignFile>;
}

/** @throws ERR_CONFIG for a named file that no tool knows, and what opening and reading it throw */
export async function collect(sources: Sources, ports: ImportPorts, now: Instant): Promise<Collection> {
  const candidates: Candidate[] = [];
  const refused: Unusable[] = [];
  const seen = new Set<string>();
  for (const path of sources.paths) {
    for (const outcome of await outcomesIn(path, sources, ports, now)) {
      if ("error" in outcome) {
        refused.push(outcome);
        continue;
      }
      const { address } = outcome.plan.account;
      const key = normaliseAddress(address);
      if (seen.has(key)) refused.push(unusable(address, `${path} has it again: the first one counts`));
      else candidates.push(outcome);
      seen.add(key);
    }
  }
  return { candidates, unusable: refused };
}

async function outcomesIn(
  path: string,
  { wereNamed, tool, open }: Sources,
  ports: ImportPorts,
  now: Instant,
): Promise<(Candidate | Unusable)[]> {
  try {
    const file = await open(path);
    const itsTool = tool ?? (await recogniseTool(file.text));
    if (itsTool === undefined) throw notRecognised(path);
    const outcomes: (Candidate | Unusable)[] = [];
    for (const found of wanted(await itsTool.read(file, ports), path, ports.address))
      outcomes.push(isUsable(found) ? await tryPlan(found, itsTool, file, now) : found);
    return outcomes;
  } catch (error) {
    if (wereNamed || !isMailkeyError(error) || error.code === "ERR_INTERRUPTED") throw error;
    return [{ name: path, error }];
  }
}

/** Those of the address; the only one whatever its address, since people rename mailboxes. */
function wanted(all: readonly Found[], path: string, address: string | undefined): readonly Found[] {
  if (address === undefined) return all;
  const [only] = all;
  if (all.length === 1 && only !== undefined) return [isUsable(only) ? { ...only, address } : only];
  const matching = all.filter((found) => isSameAddress(isUsable(found) ? found.address : found.name, address));
  if (matching.length > 0) return matching;
  throw new MailkeyError("ERR_USAGE", `${path} has no mailbox ${address}`, {
    hint: "without --address all are imported",
  });
}

async function tryPlan(
  found: FoundAccount,
  tool: ImportTool,
  file: ForeignFile,
  now: Instant,
): Promise<Candidate | Unusable> {
  try {
    return { tool, file, plan: await planImport(found, file, now) };
  } catch (error) {
    if (isMailkeyError(error)) return { name: found.address, error };
    throw error;
  }
}

function notRecognised(path: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `${path} is no file of a tool that mailkey knows`, {
    hint: `name the tool: --from ${TOOL_NAMES.join("|")}`,
  });
}
