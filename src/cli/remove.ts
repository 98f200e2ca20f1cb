/** `mailkey remove`: forgets an account here. What the provider granted stays granted until `revoke`. */
import { isShared } from "../accounts/account.ts";
import { deleteAccount, mailboxesSharing, requireAccount } from "../accounts/store.ts";
import { programsNaming } from "../clients/part.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { shellLine, shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";
import { forgetPasswords } from "../proxy/passwords/owner.ts";
import { removeCredential } from "../tokens/sign-in.ts";
import { askerOf, type Asker } from "./ask.ts";
import { defineCommand } from "./command.ts";
import { tokenPorts } from "./ports.ts";

export const remove = defineCommand({
  name: "remove",
  summary: "forget an account and its credential on this machine",
  description: `Removes the account file, the stored credential and the proxy's passwords for it. The provider still lists the sign-in among the granted ones: run
"mailkey revoke" first to withdraw it there. Of a mailbox that uses another account's sign-in only the file goes.`,
  args: [{ name: "ADDRESS", summary: "the account", required: true }],
  options: {
    yes: { type: "boolean", short: "y", summary: "do not ask" },
    json: { type: "boolean", summary: "print a JSON object" },
  },
  examples: [{ line: "mailkey remove you@hotmail.com", meaning: "asks first" }],
  async run({ values, args, context }) {
    const account = requireAccount(context.paths, args[0]);
    const { address } = account;
    const others = mailboxesSharing(context.paths, address);
    if (others.length > 0) throw stillNeeded(address, others);
    if (values.yes !== true) await confirmRemoval(address, askerOf(context, values.json === true));
    try {
      if (!isShared(account)) await removeCredential(tokenPorts(context), address);
    } catch (error) {
      // No vault was ever chosen: then nothing is stored either.
      if (!isMailkeyError(error, "ERR_VAULT_UNUSABLE")) throw error;
    }
    deleteAccount(context.paths, address);
    await forgetPasswords(context.paths, context.clock, account);
    const programs = programsNaming(context.paths, address);
    if (values.json === true) return context.stdout(`${jsonText({ removed: address, still_set_up: programs })}\n`);
    context.stdout(`removed ${address} from this machine\n`);
    if (programs.length === 0) return undefined;
    const line = shellLine(["mailkey", "setup", ...programs, "--remove", "--account", address]);
    context.stderr(
      `These mail programs still ask for its tokens: ${programs.join(", ")}. To take it out of them:\n  ${line}\n`,
    );
  },
});

function stillNeeded(address: string, others: readonly string[]): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `the sign-in of ${address} is used by ${others.join(", ")} as well`, {
    hint: `first: ${others.map((each) => shellLine(["mailkey", "remove", each])).join("; ")}`,
  });
}

async function confirmRemoval(address: string, asker: Asker | undefined): Promise<void> {
  if (asker === undefined)
    throw new MailkeyError("ERR_USAGE", "cannot ask whether to remove: there is no terminal", {
      hint: `mailkey remove ${shellWord(address)} --yes`,
    });
  const agrees = await asker.confirm(`Remove ${address} and its credential from this machine?`, false);
  if (!agrees) throw new MailkeyError("ERR_INTERRUPTED", "nothing was removed");
}
