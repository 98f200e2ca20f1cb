/** `mailkey remove`: forgets an account here. What the provider granted stays granted until `revoke`. */
import { deleteAccount, requireAccount } from "../accounts/store.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { removeCredential } from "../tokens/sign-in.ts";
import { askerOf, type Asker } from "./ask.ts";
import { defineCommand } from "./command.ts";
import { tokenPorts } from "./ports.ts";

export const remove = defineCommand({
  name: "remove",
  summary: "forget an account and its credential on this machine",
  description: `Removes the account file and the stored credential. The provider still lists the sign-in among the granted ones: run
"mailkey revoke" first to withdraw it there.`,
  args: [{ name: "ADDRESS", summary: "the account", required: true }],
  options: {
    yes: { type: "boolean", short: "y", summary: "do not ask" },
    json: { type: "boolean", summary: "print a JSON object" },
  },
  examples: [{ line: "mailkey remove you@hotmail.com", meaning: "asks first" }],
  async run({ values, args, context }) {
    const { address } = requireAccount(context.paths, args[0]);
    if (values.yes !== true) await confirmRemoval(address, askerOf(context, values.json === true));
    try {
      await removeCredential(tokenPorts(context), address);
    } catch (error) {
      // No vault was ever chosen: then nothing is stored either.
      if (!isMailkeyError(error, "ERR_VAULT_UNUSABLE")) throw error;
    }
    deleteAccount(context.paths, address);
    context.stdout(
      values.json === true ? `${JSON.stringify({ removed: address })}\n` : `removed ${address} from this machine\n`,
    );
  },
});

async function confirmRemoval(address: string, asker: Asker | undefined): Promise<void> {
  if (asker === undefined)
    throw new MailkeyError("ERR_USAGE", "cannot ask whether to remove: there is no terminal", {
      hint: `mailkey remove ${address} --yes`,
    });
  const agrees = await asker.confirm(`Remove ${address} and its credential from this machine?`, false);
  if (!agrees) throw new MailkeyError("ERR_INTERRUPTED", "nothing was removed");
}
