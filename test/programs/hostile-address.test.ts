/** Real programs with the files that setup would write for an address that tries to run something: the helper gets it as it is. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { curl } from "../../src/clients/curl.ts";
import { getmail } from "../../src/clients/getmail.ts";
import { mbsync } from "../../src/clients/mbsync.ts";
import { mpop } from "../../src/clients/mpop.ts";
import { msmtp } from "../../src/clients/msmtp.ts";
import { offlineimap } from "../../src/clients/offlineimap.ts";
import type { Recipe } from "../../src/clients/recipe.ts";
import { mailAccount, renderRequest } from "../clients/rendering.ts";
import { withMailbox, type Mailbox } from "./harness.ts";

const ADDRESS = `o'b"$(touch ran)\`touch ran\`%(x)s%h;#\\@mail.test`;

const PROGRAMS: readonly {
  readonly recipe: Recipe;
  readonly command: (mailbox: Mailbox) => [string, ...string[]];
}[] = [
  { recipe: mbsync, command: () => ["mbsync", "hostile"] },
  { recipe: msmtp, command: () => ["msmtp", "-a", "hostile", "somebody@mail.test"] },
  { recipe: offlineimap, command: () => ["offlineimap"] },
  {
    recipe: getmail,
    command: (mailbox) => ["getmail", "-g", mailbox.path(".config", "getmail-mailkey"), "-r", "hostile"],
  },
  { recipe: mpop, command: () => ["mpop", "hostile"] },
  {
    recipe: curl,
    command: (mailbox) => ["sh", mailbox.path(".config", "curl-mailkey", "hostile-imap"), "-X", "NOOP"],
  },
];

withMailbox(["mbsync", "msmtp", "offlineimap", "getmail", "mpop", "curl"], "a hostile address", (mailbox) => {
  test.each(PROGRAMS)("reaches the helper of $recipe.name as it is, and runs nothing", async ({ recipe, command }) => {
    const helper = mailbox.path("helper");
    writeFileSync(helper, '#!/bin/sh\nprintf "%s\\n" "$@" >"$0.arguments"\necho no-token\n', { mode: 0o755 });
    await write(recipe, helper, mailbox);
    const [program, ...args] = command(mailbox);
    const result = await mailbox.run(program, args);
    expect(result.status).not.toBe(0); // the server does not know that user
    expect(readFileSync(`${helper}.arguments`, "utf8")).toBe(`token\n${ADDRESS}\n`);
    expect(existsSync(mailbox.path("ran"))).toBe(false);
    rmSync(`${helper}.arguments`);
  });
});

async function write(recipe: Recipe, helper: string, { world, home }: Mailbox): Promise<void> {
  const { imap, pop, smtp } = world.servers;
  if (imap === undefined || pop === undefined || smtp === undefined) throw new Error("this world has not all servers");
  const account = mailAccount(ADDRESS, {
    label: "hostile",
    servers: { imap, pop, smtp },
    tokenCommand: [helper, "token", ADDRESS],
  });
  const env = home.environment();
  const request = renderRequest([account], { home: home.folder, env, caFile: world.caFile });
  const { edits, folders = [] } = await recipe.render(request);
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  for (const { path, text } of edits) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o600);
  }
}
