/** Tables for people: columns as wide as their content, colours only where the terminal wants them. */
import { styleText } from "node:util";
import { withoutControls } from "../platform/text.ts";

export type Tone = "good" | "warn" | "bad" | "dim" | "plain";

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

const STYLES = { good: "green", warn: "yellow", bad: "red", dim: "dim" } as const;

/** Lines ending in a newline, the header first. Cells may hold what stands in files: control characters become spaces. */
export function table(header: readonly string[], cells: readonly (readonly Cell[])[], colour: boolean): string {
  const rows = cells.map((row) => row.map((cell) => ({ ...cell, text: withoutControls(cell.text) })));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.text.length ?? 0)),
  );
  const line = (row: readonly Cell[]) =>
    `${row
      .map((cell, column) => tinted(cell, colour) + " ".repeat((widths[column] ?? 0) - cell.text.length))
      .join("  ")
      .trimEnd()}\n`;
  return [header.map((text): Cell => ({ text, tone: "dim" })), ...rows].map(line).join("");
}

/** `text` in the colour of its tone. */
export function tinted({ text, tone = "plain" }: Cell, colour: boolean): string {
  return tone === "plain" || !colour ? text : styleText(STYLES[tone], text, { validateStream: false });
}
