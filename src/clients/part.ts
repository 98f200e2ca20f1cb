/** One program's part of one file: put in, taken out, recognised. Works on a draft. */
import { isSameAddress } from "../accounts/address.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { isLink } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { findBlocks, latin1, putBlock, takeOutBlock, withoutBlocks } from "./block.ts";
import { Draft } from "./draft.ts";
import type { Edit, FileEdit, Way } from "./recipe.ts";
import { contentHash, readSetupRecord } from "./record.ts";

/** A program's part of a file, as it is there. */
export interface Part {
  readonly path: string;
  readonly way: Way;
  /** In the order in which they were set up. */
  readonly accounts: readonly string[];
  /** Somebody changed it after mailkey. */
  readonly isEdited: boolean;
}

/** What is written is whose, and for whom. */
export interface Owner {
  readonly program: string;
  readonly way: Way;
  readonly accounts: readonly string[];
}

/** @throws ERR_CONFIG when marks are damaged, ERR_STORAGE */
export function findPart(draft: Draft, path: string, program: string): Part | undefined {
  const content = draft.read(path);
  if (content === undefined) return undefined;
  const record = draft.fileRecord(path);
  if (record?.whole !== undefined && record.programs.includes(program)) {
    const { accounts, sha256 } = record.whole;
    return { path, way: "token", accounts, isEdited: contentHash(content) !== sha256 };
  }
  const block = findBlocks(content, path).find((each) => each.program === program);
  if (block === undefined) return undefined;
  const { way, accounts, isEdited } = block;
  return { path, way, accounts, isEdited };
}

/** The user's part of a file: what recipes are shown. @throws as `findPart` */
export function readOwn(draft: Draft, path: string): string | undefined {
  const content = draft.read(path);
  if (content === undefined) return undefined;
  const record = draft.fileRecord(path);
  if (record?.whole !== undefined) return contentHash(content) === record.whole.sha256 ? undefined : content;
  const own = withoutBlocks(content, path);
  return own === "" && record?.made === true ? undefined : own;
}

/** @throws ERR_CONFIG for a whole file that somebody else wrote, or changed where there is no place for marks */
export function putPart(draft: Draft, { program, way, accounts }: Owner, edit: Edit): void {
  const { path, mode } = edit;
  const content = draft.read(path);
  const record = draft.fileRecord(path);
  const made = content === undefined || record?.made === true;
  const programs = [...new Set([...(record?.programs ?? []), program])];
  if (edit.kind === "file" && content !== undefined) refuseForeign(draft, program, edit, content);
  if (edit.kind === "file" && edit.comment === undefined) {
    const text = latin1(edit.text);
    draft.write(path, text, mode);
    draft.setFileRecord(path, { programs, made, whole: { accounts: [...accounts], sha256: contentHash(text) } });
    return;
  }
  const { comment = "#", text } = edit;
  const place = edit.kind === "block" ? edit.place : undefined;
  const block = { program, way, accounts, comment, text, ...(place === undefined ? {} : { place }) };
  draft.write(path, putBlock(content ?? "", block, path), mode);
  draft.setFileRecord(path, { programs, made });
}

/** @returns false when it was left alone: a file without marks that somebody changed */
export function takeOutPart(draft: Draft, program: string, path: string): boolean {
  const content = draft.read(path);
  const record = draft.fileRecord(path);
  const programs = record?.programs.filter((each) => each !== program) ?? [];
  const forget = () => draft.setFileRecord(path, undefined);
  if (content === undefined) {
    forget();
    return true;
  }
  if (record?.whole !== undefined) {
    const isOurs = contentHash(content) === record.whole.sha256;
    if (isOurs) draft.write(path, record.made ? undefined : "");
    forget();
    return isOurs;
  }
  const rest = takeOutBlock(content, program, path);
  const vanishes = rest === "" && record?.made === true && !isLink(path);
  draft.write(path, vanishes ? undefined : rest);
  if (vanishes || programs.length === 0) forget();
  else draft.setFileRecord(path, { made: record?.made === true, programs });
  return true;
}

/**
 * The programs that are set up for an address, by the record of what setup has written. Files that are gone or damaged are left out: who
 * asks has something else in hand.
 */
export function programsNaming(paths: Paths, address: string): string[] {
  try {
    const draft = new Draft(readSetupRecord(paths));
    const programs = Object.entries(draft.record.files).flatMap(([path, file]) =>
      file.programs.filter((name) =>
        findPart(draft, path, name)?.accounts.some((each) => isSameAddress(each, address)),
      ),
    );
    return [...new Set(programs)];
  } catch (error) {
    if (isMailkeyError(error)) return [];
    throw error;
  }
}

function refuseForeign(draft: Draft, program: string, edit: FileEdit, content: string): void {
  const { path } = edit;
  const part = findPart(draft, path, program);
  const isOurs =
    edit.comment === undefined ? part?.isEdited === false || content === latin1(edit.text) : part !== undefined;
  if (isOurs || content === "") return;
  const what = part === undefined ? "is there already, and is not mailkey's" : "was changed after mailkey wrote it";
  throw new MailkeyError("ERR_CONFIG", `${path} ${what}`, {
    hint: shellLine(["mv", path, `${path}.old`]),
  });
}
