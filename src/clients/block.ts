/**
 * Marked blocks in text files: what mailkey writes between two comment lines, in a file that is otherwise the user's.
 *
 *     # >>> mailkey mbsync: you@hotmail.com
 *     # "mailkey setup" writes these lines anew: put your own outside of them.
 *     …
 *     # <<< mailkey mbsync 1f0c3b2a
 *
 * The first mark names the program, its way to the mailbox unless that is by a token (`mbsync by tunnel:`), and the accounts; the last one has a checksum that tells whether somebody edited what is between. One
 * program has one block in a file. Text is Latin-1, a character for each byte, so that no byte is lost. What is around blocks never changes:
 * putting in and taking out again gives the same bytes, whatever the file was like. That a file had no newline at its end is remembered by
 * the block at the end having none either.
 *
 * Pure functions.
 */
import { createHash } from "node:crypto";
import { MailkeyError } from "../errors.ts";
import { withoutControls } from "../platform/text.ts";
import type { BlockEdit, Way } from "./recipe.ts";

export interface Block {
  readonly program: string;
  readonly way: Way;
  /** In the order in which they were set up. */
  readonly accounts: readonly string[];
  /** Somebody changed what is between the marks. */
  readonly isEdited: boolean;
  /** Where it begins and ends, the newline at its end included. */
  readonly start: number;
  readonly end: number;
  /** Of its first mark, from 1. */
  readonly line: number;
}

export interface NewBlock extends Pick<BlockEdit, "comment" | "text" | "place"> {
  readonly program: string;
  readonly way: Way;
  readonly accounts: readonly string[];
}

const BOM = "\u00ef\u00bb\u00bf";
const UTF16_BOMS = ["\u00ff\u00fe", "\u00fe\u00ff"];
const OPENING = /^(?:#|;;|--|"|\/\/) >>> mailkey ([a-z0-9-]+)(?: by (tunnel|proxy))?: (.*?)\s*$/;
const CLOSING = /^(?:#|;;|--|"|\/\/) <<< mailkey ([a-z0-9-]+)(?: ([0-9a-f]{8}))?\s*$/;
/** Lines that mean something only at the very beginning of a file stay there: an interpreter, Emacs's file variables. */
const FIRST_LINE = /^(?:#!|.*-\*-.*-\*-).*\n/;
const NOTICE = `"mailkey setup" writes these lines anew: put your own outside of them.`;

/**
 * The blocks of a file, in its order.
 *
 * @param path for messages
 * @throws ERR_CONFIG naming the line when a mark has no partner, or a program has two blocks
 */
export function findBlocks(text: string, path: string): Block[] {
  refuseUtf16(text, path);
  const blocks: Block[] = [];
  let open:
    | { program: string; way: Way; accounts: string[]; start: number; line: number; content: string[] }
    | undefined;
  let offset = text.startsWith(BOM) ? BOM.length : 0;
  let line = 0;
  for (const raw of text.slice(offset).split(/(?<=\n)/)) {
    line += 1;
    const words = raw.replace(/\r?\n$/, "");
    const opening = OPENING.exec(words);
    const closing = CLOSING.exec(words);
    if (opening !== null) {
      if (open !== undefined)
        throw damaged(path, open.line, `the block for ${open.program} that begins here has no end`);
      const [, program = "", way = "token", accounts = ""] = opening;
      if (blocks.some((block) => block.program === program))
        throw damaged(path, line, `a second block for ${program} begins here`);
      open = { program, way: way as Way, accounts: addressesIn(accounts), start: offset, line, content: [] };
    } else if (closing !== null) {
      if (open === undefined || open.program !== closing[1])
        throw damaged(path, line, `the block for ${closing[1] ?? ""} that ends here has no beginning`);
      const { content, ...found } = open;
      blocks.push({ ...found, isEdited: checksum(content) !== closing[2], end: offset + raw.length });
      open = undefined;
    } else {
      open?.content.push(words);
    }
    offset += raw.length;
  }
  if (open !== undefined) throw damaged(path, open.line, `the block for ${open.program} that begins here has no end`);
  return blocks;
}

/** Of a mark: files travel with other people's dotfiles, and what stands there is shown. */
function addressesIn(mark: string): string[] {
  return utf8(mark)
    .split(" ")
    .map((address) => withoutControls(address).trim())
    .filter(Boolean);
}

/** The file without any block: what the user wrote. @throws as `findBlocks` */
export function withoutBlocks(text: string, path: string): string {
  return findBlocks(text, path).reduceRight((rest, block) => cut(rest, block), text);
}

/** The file without the block of `program`. @throws as `findBlocks` */
export function takeOutBlock(text: string, program: string, path: string): string {
  const block = findBlocks(text, path).find((each) => each.program === program);
  return block === undefined ? text : cut(text, block);
}

/** The file with this block: in the place of the program's earlier one, or where it says. @throws as `findBlocks` */
export function putBlock(text: string, block: NewBlock, path: string): string {
  const eol = /\r?\n/.exec(withoutBlocks(text, path))?.[0] ?? "\n";
  const lines = renderBlock(block).join(eol);
  const old = findBlocks(text, path).find((each) => each.program === block.program);
  if (old !== undefined) {
    const ending = text.slice(old.start, old.end).endsWith("\n") ? eol : "";
    return text.slice(0, old.start) + lines + ending + text.slice(old.end);
  }
  const head = (text.startsWith(BOM) ? BOM : "") + (FIRST_LINE.exec(text.replace(BOM, ""))?.[0] ?? "");
  if (block.place === "start") return head + lines + eol + text.slice(head.length);
  const isBetweenLines = text === "" || text === BOM || text.endsWith("\n");
  return isBetweenLines ? text + lines + eol : text + eol + lines;
}

/** Unicode text as the bytes of its UTF-8. */
export function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The reverse of `latin1`; bytes that are no UTF-8 become replacement characters. */
export function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function renderBlock(block: NewBlock): string[] {
  const { program, comment, text } = block;
  const content = [`${comment} ${NOTICE}`, ...latin1(text.replace(/\n$/, "")).split("\n")];
  return [openingMark(block), ...content, `${comment} <<< mailkey ${program} ${checksum(content)}`];
}

function openingMark({ comment, program, way, accounts }: NewBlock): string {
  const by = way === "token" ? "" : ` by ${way}`;
  return `${comment} >>> mailkey ${program}${by}: ${latin1(accounts.join(" "))}`;
}

function cut(text: string, { start, end }: Block): string {
  const block = text.slice(start, end);
  if (block.endsWith("\n")) return text.slice(0, start) + text.slice(end);
  // At the end of a file that had no newline there: the one before the block was put in with it.
  const eol = /\r?\n/.exec(block)?.[0] ?? "\n";
  const before = text.slice(0, start);
  return before.endsWith(eol) ? before.slice(0, -eol.length) : before;
}

/** Line endings do not count: editors change them. */
function checksum(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n"), "latin1").digest("hex").slice(0, 8);
}

function refuseUtf16(text: string, path: string): void {
  if (!UTF16_BOMS.some((bom) => text.startsWith(bom))) return;
  throw new MailkeyError("ERR_CONFIG", `${path} is in UTF-16, which mail programs do not read`, {
    hint: `edit ${path}`,
  });
}

function damaged(path: string, line: number, problem: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `${path}: line ${line}: ${problem}`, {
    hint: `edit ${path}: delete what mailkey wrote there, marks included; then run setup again`,
    details: { path, line },
  });
}
