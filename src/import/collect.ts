/** From files to plans: which tool a file is of, what it says, and what could be made of it. */
import { isSameAddress, normaliseAddress } from "../accounts/address.ts";
import { MailkeyError } from "../errors.ts";
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

/**
 * @param tool when the user named it
 * @throws ERR_CONFIG for a file that no tool knows, and what reading throws
 */
export async function collect(
  files: readonly ForeignFile[],
  tool: ImportTool | undefined,
  ports: ImportPorts,
  now: Instant,
): Promise<Collection> {
  const candidates: Candidate[] = [];
  const refused: Unusable[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    const { path } = file;
    const itsTool = tool ?? (await recogniseTool(file.text));
    if (itsTool === undefined) throw notRecognised(path);
    for (const found of wanted(await itsTool.read(file, ports), path, ports.address)) {
      const outcome = isUsable(found) ? await tryPlan(found, file, now) : found;
      if ("error" in outcome) {
        refused.push(outcome);
        continue;
      }
      const key = normaliseAddress(outcome.account.address);
      if (seen.has(key)) refused.push(unusable(outcome.account.address, `${path} has it again: the first one counts`));
      else candidates.push({ tool: itsTool, file, plan: outcome });
      seen.add(key);
    }
  }
  return { candidates, unusable: refused };
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

async function tryPlan(found: FoundAccount, file: ForeignFile, now: Instant): Promise<ImportPlan | Unusable> {
  try {
    return await planImport(found, file, now);
  } catch (error) {
    if (error instanceof MailkeyError) return { name: found.address, error };
    throw error;
  }
}

function notRecognised(path: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `${path} is no file of a tool that mailkey knows`, {
    hint: `name the tool: --from ${TOOL_NAMES.join("|")}`,
  });
}
