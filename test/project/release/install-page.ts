/** docs/install.md, whose commands are to work as they stand there. */
import { readFileSync } from "node:fs";

export const INSTALL_PAGE = readFileSync(new URL("../../../docs/install.md", import.meta.url), "utf8");

/** The blocks of commands below a heading of the second level. @throws Error when there is none */
export function commandBlocks(heading: string): string[] {
  const section = INSTALL_PAGE.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  const blocks = [...(section ?? "").matchAll(/^```\n(.*?)^```$/gms)].map(([, commands = ""]) => commands);
  if (blocks.length === 0) throw new Error(`docs/install.md has no commands below ${heading}`);
  return blocks;
}
