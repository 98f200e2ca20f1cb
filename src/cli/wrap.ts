/** Running text for a terminal. */

/** People do not read longer lines than this. */
const MAX_COLUMNS = 100;

/** Breaks each line of `text` at spaces; a word that is too long keeps its line to itself. Leading spaces are kept. */
export function wrapText(text: string, columns: number): string {
  const width = Math.min(columns, MAX_COLUMNS);
  return text
    .split("\n")
    .map((line) => wrapLine(line, width).join("\n"))
    .join("\n");
}

function wrapLine(text: string, width: number): string[] {
  const indent = /^ */.exec(text)?.[0] ?? "";
  const lines: string[] = [];
  let line = indent;
  for (const word of text.trim().split(/ +/)) {
    if (line.trim() !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line.trim() === "" ? indent + word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
