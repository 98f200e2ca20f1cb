/** What `setup` shows and prints. */
import type { Applied } from "../clients/apply.ts";
import { putBlock, utf8 } from "../clients/block.ts";
import { unifiedDiff } from "../clients/diff.ts";
import type { Draft, FileChange } from "../clients/draft.ts";
import type { Owner } from "../clients/part.ts";
import type { ProgramPlan } from "../clients/plan.ts";
import type { Edit, Recipe } from "../clients/recipe.ts";
import type { MailkeyError } from "../errors.ts";
import { jsonText, withoutControls } from "../platform/text.ts";
import type { Terminal } from "./context.ts";
import { tinted } from "./table.ts";
import { wrapText } from "./wrap.ts";

/** As people write it: `~/.mbsyncrc`. */
export function tilde(path: string, home: string): string {
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

export function shownChanges(changes: readonly FileChange[], home: string, colour: boolean): string {
  return changes.map((change) => `${unifiedDiff(change, tilde(change.path, home), colour)}\n`).join("");
}

/** What has been done, a line for each file. */
export function shownWritten(
  plans: readonly ProgramPlan[],
  changes: readonly FileChange[],
  backups: Applied["backups"],
  home: string,
): string {
  const unchanged = plans.filter(({ edits }) => edits.length > 0).map(({ recipe }) => recipe.name);
  if (changes.length === 0) return unchanged.length === 0 ? "" : `nothing to change: ${unchanged.join(", ")}\n`;
  const kept = new Map(backups.map(({ path, backup }) => [path, `; as it was: ${tilde(backup, home)}`]));
  return changes
    .map(
      ({ path, after }) => `${after === undefined ? "removed" : "wrote"} ${tilde(path, home)}${kept.get(path) ?? ""}\n`,
    )
    .concat("\n")
    .join("");
}

/**
 * What would be written, ready to be pasted: with the marks, so that a later run knows it again. A recipe that writes nothing has only
 * notes.
 */
export function printedText(plans: readonly ProgramPlan[], home: string): string {
  const several = plans.flatMap((plan) => plan.edits).length > 1;
  const texts = plans.flatMap(({ recipe, way, accounts, edits, notes }) =>
    edits.length === 0
      ? notes.map((note) => `${note}\n`).join("")
      : edits.map((edit) => {
          const heading = several ? `${edit.comment ?? "#"} ${tilde(edit.path, home)}\n` : "";
          return heading + utf8(writtenText(edit, { program: recipe.name, way, accounts }));
        }),
  );
  return texts.join("\n");
}

function writtenText(edit: Edit, owner: Owner): string {
  if (edit.comment === undefined) return edit.text;
  return putBlock("", { ...owner, comment: edit.comment, text: edit.text }, edit.path);
}

/** What is good to know afterwards, by program. */
export function shownNotes(plans: readonly ProgramPlan[], home: string, { columns, colourOut }: Terminal): string {
  return plans
    .map((plan) => ({ plan, lines: notesOf(plan, home) }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ plan, lines }) => {
      const heading = tinted({ text: plan.recipe.title, tone: "good" }, colourOut);
      return `${heading}\n${lines.map((line) => noteText(line, columns)).join("")}`;
    })
    .join("\n");
}

/** Lines with four spaces before them are there to be copied, and stay whole. An empty note is an empty line. */
function noteText(note: string, columns: number): string {
  const lines = note
    .split("\n")
    .map(withoutControls)
    .map((line) => (line === "" || line.startsWith("    ") ? line : wrapText(`  ${line}`, columns)));
  return `${lines.join("\n")}\n`;
}

function notesOf({ notes, dropped, skipped, edited }: ProgramPlan, home: string): string[] {
  return [
    ...edited.map(
      (path) => `${tilde(path, home)}: what you changed in mailkey's part is gone; the copy of the file has it.`,
    ),
    ...dropped.map((address) => `${address} is no account any more: taken out.`),
    ...skipped.map(({ address, reason }) => `${address} is left out: ${reason}.`),
    ...notes,
  ];
}

export function plansJson(
  plans: readonly ProgramPlan[],
  draft: Draft,
  home: string,
  outcome: {
    readonly isWritten: boolean;
    readonly backups: Applied["backups"];
    readonly failures: readonly { readonly recipe: Recipe; readonly error: MailkeyError }[];
  },
): string {
  const { isWritten, backups, failures } = outcome;
  const files = draft.changes.map((change) => ({
    path: change.path,
    change: change.before === undefined ? "create" : change.after === undefined ? "remove" : "change",
    diff: unifiedDiff(change, change.path, false),
    backup: backups.find(({ path }) => path === change.path)?.backup ?? null,
  }));
  const programs = plans.map((plan) => ({
    program: plan.recipe.name,
    way: plan.way,
    accounts: plan.accounts,
    files: plan.edits.map((edit) => ({ path: edit.path, text: edit.text })),
    notes: notesOf(plan, home),
  }));
  const errors = failures.map(({ recipe, error }) => ({
    program: recipe.name,
    code: error.code,
    message: error.message,
    hint: error.hint ?? null,
  }));
  return `${jsonText({ written: isWritten, programs, files, errors }, 2)}\n`;
}
