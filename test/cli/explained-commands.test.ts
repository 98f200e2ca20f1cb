import { expect, test } from "bun:test";
import type { Command } from "../../src/cli/command.ts";
import { findCommand } from "../../src/cli/commands.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { RECIPES } from "../../src/clients/recipes.ts";
import { CATALOGUE } from "../../src/explain/catalogue.ts";

const lines = CATALOGUE.flatMap(({ id, steps }) => steps.map(({ type = "" }) => [id, type] as const)).filter(
  ([, line]) => line.startsWith("mailkey "),
);

test.each(lines)("what %s says to type can be typed: %s", async (_id, line) => {
  const [, name = "", ...words] = line.split(" ");
  const command = (await findCommand(name)?.()) as Command;
  expect(command.name).toBe(name);
  const { args } = await parseCommandLine(command, words);
  if (name === "setup") for (const program of args) expect(Object.keys(RECIPES)).toContain(program);
});
