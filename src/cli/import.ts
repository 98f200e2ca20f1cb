/** `mailkey import`: takes a sign-in over from another tool. */
import { resolve } from "node:path";
import { accountPath } from "../accounts/store.ts";
import { MailkeyError } from "../errors.ts";
import { planImport, refuseExisting, storeImport, type ImportPlan } from "../mutt-oauth2/account.ts";
import { loadSettings } from "../mutt-oauth2/settings.ts";
import { splitWords } from "../mutt-oauth2/shlex.ts";
import { readTokenFile } from "../mutt-oauth2/token-file.ts";
import { ensureVault } from "../vault/choose.ts";
import { defineCommand } from "./command.ts";
import { formatSeconds } from "./duration.ts";
import { tokenPorts } from "./ports.ts";

export const importCommand = defineCommand({
  name: "import",
  summary: "make an account out of another tool's token file",
  description: `Reads a token file of mutt_oauth2.py and makes an account with a credential in mailkey's vault out of it: refresh token, client, and
the access token while it lasts. Nobody has to sign in again. The token file stays as it is.

Token files of the older script name no client: it is in the text of the script, where --script FILE finds it.`,
  args: [
    { name: "TOOL", summary: "mutt-oauth2", required: true },
    { name: "TOKENFILE", summary: "its token file", required: true },
  ],
  options: {
    "decryption-pipe": { type: "string", value: "COMMAND", summary: "decrypts the file; default: gpg --decrypt" },
    address: { type: "string", value: "ADDRESS", summary: "the mailbox, when it is not the one in the file" },
    "client-id": { type: "string", value: "ID", summary: "the client, for a file that names none" },
    script: { type: "string", value: "FILE", summary: "take pipe and client from your edited copy of mutt_oauth2.py" },
    replace: { type: "boolean", summary: "put it in the place of an account that is there already" },
    "dry-run": { type: "boolean", short: "n", summary: "say what would be done, and do nothing" },
    json: { type: "boolean", summary: "print a JSON object" },
  },
  examples: [
    { line: "mailkey import mutt-oauth2 ~/.mutt/me@example.com.tokens", meaning: "decrypts with gpg" },
    {
      line: "mailkey import mutt-oauth2 --decryption-pipe 'age -d -i key.txt' ~/.mutt/tokens --dry-run",
      meaning: "looks first",
    },
    {
      line: "mailkey import mutt-oauth2 --script ~/bin/mutt_oauth2.py ~/.mutt/tokens",
      meaning: "the client is in the script",
    },
  ],
  async run({ values, args, context }) {
    const [tool = "", path = ""] = args;
    if (tool !== "mutt-oauth2")
      throw new MailkeyError("ERR_USAGE", `cannot import from ${JSON.stringify(tool)}`, {
        hint: "mailkey import mutt-oauth2 TOKENFILE",
      });
    const { paths, env, clock } = context;
    const settings = loadSettings(paths, env, {
      decryptionPipe: pipeOf(values["decryption-pipe"]),
      script: values.script,
      clientId: values["client-id"],
    });
    const file = await readTokenFile(path, settings.pipes);
    if (file === undefined) throw new MailkeyError("ERR_CONFIG", `there are no tokens in ${path}`);
    const client = settings.clientFor(file.registration);
    const plan = await planImport(file, { address: values.address, client, now: clock.now() });
    if (values.replace !== true) refuseExisting(context, plan.account.address);
    const ports = tokenPorts(context);
    const dryRun = values["dry-run"] === true;
    if (!dryRun) {
      const { reason } = await ensureVault(paths, env, { clock });
      if (reason !== undefined) context.stderr(`mailkey: ${reason}\n`);
      await storeImport(plan, ports);
    }
    const where = { accountFile: accountPath(paths, plan.account.address), tokenFile: resolve(path) };
    context.stdout(values.json === true ? jsonOf(plan, where, dryRun) : textOf(plan, where, dryRun));
  },
});

function pipeOf(line: string | undefined): readonly string[] | undefined {
  if (line === undefined) return undefined;
  const words = splitWords(line);
  if (words !== undefined && words.length > 0) return words;
  throw new MailkeyError("ERR_USAGE", "--decryption-pipe is not a command", {
    hint: "--decryption-pipe 'gpg --decrypt'",
  });
}

interface Places {
  readonly accountFile: string;
  readonly tokenFile: string;
}

function jsonOf(plan: ImportPlan, { accountFile, tokenFile }: Places, dryRun: boolean): string {
  const { account, accessTokenSeconds } = plan;
  const result = {
    address: account.address,
    provider: account.provider,
    client: { id: account.client.id, preset: account.client.preset, secret: account.client.secret !== undefined },
    accessTokenSeconds,
    accountFile,
    tokenFile,
    imported: !dryRun,
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}

function textOf(
  { account, provider, preset, accessTokenSeconds }: ImportPlan,
  places: Places,
  dryRun: boolean,
): string {
  const { id, secret } = account.client;
  const kept = dryRun ? "would go into the vault" : "in the vault";
  const rows = [
    ["account", account.address],
    ["provider", `${provider.name} (${provider.id})`],
    ["client", preset === undefined ? `${id}, your own registration` : `${preset.name} (${id})`],
    ["client secret", secret === undefined ? "none: a public client" : kept],
    ["refresh token", kept],
    [
      "access token",
      accessTokenSeconds === undefined
        ? "none that is still valid: the next use renews it"
        : `${kept}, valid for ${formatSeconds(accessTokenSeconds)} more`,
    ],
    ["file", places.accountFile],
  ] as const;
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
  if (dryRun) return `would import:\n${table}`;
  return `imported:\n${table}
Next: mailkey test ${account.address}
Then use "mailkey token ${account.address}" where your programs call mutt_oauth2.py, and delete ${places.tokenFile}.
`;
}
