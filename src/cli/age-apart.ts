/** What the agent runs for one encryption or decryption with a passphrase: see `vault/age-apart.ts`. Not for people. */
import { hardenProcess } from "../platform/harden.ts";
import { openLibc } from "../platform/libc.ts";
import { readStdinBytes, writeStdout } from "../platform/stdio.ts";
import { APART_COMMAND, runApart } from "../vault/age-apart.ts";
import { defineCommand } from "./command.ts";

export const ageApart = defineCommand({
  name: APART_COMMAND,
  summary: "encrypt or decrypt one credential for the agent",
  args: [{ name: "DIRECTION", summary: "encrypt or decrypt", required: true }],
  options: {},
  examples: [],
  async run({ args }) {
    hardenProcess(await openLibc()); // before anything secret comes in
    const [output, status] = await runApart(args[0], await readStdinBytes());
    writeStdout(output);
    return status;
  },
});
