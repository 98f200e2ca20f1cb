/** What several servers have in common, of the lines in which they list their extensions. @see RFC 5321 4.1.1.1, RFC 2449 3, RFC 1870 (SIZE) */

/**
 * Lines whose keyword all have. Where their parameters differ, the line is left out; but of sizes, the smallest counts.
 *
 * @param lists lines of EHLO or CAPA replies, or capabilities, one list for each server
 */
export function commonExtensions([first = [], ...others]: readonly (readonly string[])[]): string[] {
  const rest = others.map((lines) => new Map(lines.map((line) => [keywordOf(line), line])));
  return first.flatMap((line) => {
    const keyword = keywordOf(line);
    const same = rest.map((lines) => lines.get(keyword));
    if (!same.every((other) => other !== undefined)) return [];
    if (keyword === "SIZE") return smallest([line, ...same]);
    return same.every((other) => normal(other) === normal(line)) ? [line] : [];
  });
}

/** Without a number, or with 0, there is no limit. */
function smallest(lines: readonly string[]): string {
  const limits = lines.map((line) => Number(/ ([0-9]{1,15})/.exec(line)?.[1] ?? 0)).filter((size) => size > 0);
  return limits.length === 0 ? "SIZE" : `SIZE ${Math.min(...limits)}`;
}

function keywordOf(line: string): string {
  return normal(line).split(" ", 1)[0] ?? "";
}

function normal(line: string): string {
  return line.trim().toUpperCase();
}
