/** Tables for people: columns as wide as their content, colours only where the terminal wants them. */
import { styleText } from "node:util";

export type Tone = "good" | "warn" | "bad" | "dim" | "plain";

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

const STYLES = { good: "green", warn: "yellow", bad: "red", dim: "dim" } as const;

/** Lines ending in a newline, the header first. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], colour: boolean): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.text.length ?? 0)),
  );
  const line = (cells: readonly Cell[]) =>
    `${cells
      .map((cell, column) => tinted(cell, colour) + " ".repeat((widths[column] ?? 0) - cell.text.length))
      .join("  ")
      .trimEnd()}\n`;
  return [header.map((text): Cell => ({ text, tone: "dim" })), ...rows].map(line).join("");
}

/** `text` in the colour of its tone. */
export function tinted({ text, tone = "plain" }: Cell, colour: boolean): string {
  return tone === "plain" || !colour ? text : styleText(STYLES[tone], text, { validateStream: false });
}
