/** `npm run lab`: a world that stays up until Ctrl-C, what to type in another terminal, and a few words to bend it with. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { writeMailClients } from "./clients.ts";
import { mailkeyFlags } from "./mailkey-flags.ts";
import { startWorld } from "./world.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const world = await startWorld();
const home = join(world.folder, "home");
mkdirSync(home, { mode: 0o700 });
writeFileSync(join(home, "env.sh"), environmentFile(), { mode: 0o600 });
const hasMail = world.servers.imap !== undefined;
if (hasMail) writeMailClients({ world, home, tokenCommand: `mailkey token ${world.address}` });
await greet();
say(instructions());

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  obey(line.trim()).catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
});
const ended = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
});
await ended;
input.close();
await world.stop();
say("\nThe lab is down and its files are gone.");
process.exit(0);

/** Read by the user's shell: everything below the world's folder, nothing of the user's own. */
function environmentFile(): string {
  const variables: Record<string, string> = {
    MAILKEY_HOME: join(home, "mailkey"),
    ...world.environment,
    // The scripted browser signs in by itself. `unset BROWSER` to do it with your own.
    BROWSER: join(root, "lab", "browser"),
    LAB_LOGIN: world.address,
    LAB_CA: world.caFile,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  return `${lines.join("\n")}\nexport PATH='${join(root, "dist")}':"$PATH"\n`;
}

function instructions(): string {
  const { address } = world;
  const flags = mailkeyFlags(world);
  return `The lab is up: an authorization server at ${world.issuer}
and ${hasMail ? "Dovecot for IMAP, POP3 and submission" : "npm's smtp-server for submission (Dovecot is not installed)"}.

In another terminal:

  . ${join(home, "env.sh")}
  mailkey add ${address} \\
    ${flags.join(" \\\n    ")}${hasMail ? "" : " \\\n    --no-test"}
  mailkey token ${address}
${hasMail ? programLines() : ""}
With a browser of your own, unset BROWSER first; any password will do.

Here, type
  mail              to deliver a message
  lifetime SECONDS  to have access tokens live that long from now on
  expire            to have the mail servers refuse all access tokens given out so far
  revoke            to have the grant die, as after a changed password
  down, up          to stop and start the authorization server
Ctrl-C ends the lab and removes ${world.folder}.
`;
}

function programLines(): string {
  const { address } = world;
  return `  mbsync -c ${home}/.mbsyncrc -a
  printf 'Subject: Hello\\n\\nIt works.\\n' | msmtp -C ${home}/.msmtprc ${address}
  neomutt -F ${home}/.neomuttrc
`;
}

async function obey(line: string): Promise<void> {
  const [word = "", value] = line.split(/\s+/);
  const seconds = Number(value);
  const orders: Readonly<Record<string, () => unknown>> = {
    mail: greet,
    lifetime: () => {
      if (!Number.isInteger(seconds) || seconds < 1) throw new Error("lifetime SECONDS: a whole number from 1");
      world.setAccessTokenSeconds(seconds);
    },
    expire: () => world.expireNow(),
    revoke: () => world.revokeGrants(world.address),
    down: () => world.stopAuthorizationServer(),
    up: () => world.startAuthorizationServer(),
  };
  const order = Object.hasOwn(orders, word) ? orders[word] : undefined;
  if (order === undefined) {
    if (word !== "") say(`unknown: ${word} (${Object.keys(orders).join(", ")})`);
    return;
  }
  await order();
  say("done");
}

function greet(): Promise<void> {
  const { address } = world;
  const date = new Date().toUTCString();
  const content = `From: Bob <bob@mail.test>\nTo: ${address}\nSubject: Welcome to the lab\nDate: ${date}\n\nHello.\n`;
  return world.deliver({ from: "bob@mail.test", to: [address], content });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
