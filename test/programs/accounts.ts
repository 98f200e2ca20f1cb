/** What happens to accounts in the tests of several mail programs. */
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import { succeeded } from "../e2e/harness.ts";
import type { Mailbox } from "./harness.ts";

/** Every sign that a configuration file or a shell could take for something else, and that an address may have. */
export const HOSTILE_ADDRESS = "o'b+`touch${IFS}pwned`#%s$HOME&{}@mail.test";
/** Whose mailbox that address is for: servers take simple names only. */
export const HOSTILE_USER = "bob@mail.test";

/** Adds the account of that address; whatever runs the command within makes the file `pwned`. */
export async function addHostileAccount({ home, world }: Mailbox): Promise<void> {
  const whose = [`--user=${HOSTILE_USER}`, `--login-as=${HOSTILE_USER}`, "--no-test"];
  const env = { LAB_LOGIN: HOSTILE_USER };
  succeeded(await home.mailkey(["add", HOSTILE_ADDRESS, ...mailkeyFlags(world), ...whose], { env }));
}

export async function deliverToHostileUser(mailbox: Mailbox, subject: string): Promise<void> {
  const content = mailbox.message(subject, HOSTILE_USER).replaceAll("\n", "\r\n");
  await mailbox.world.deliver({ from: "eve@mail.test", to: [HOSTILE_USER], content });
}

/** The servers refuse every token so far, and mailkey has a new one. */
export async function renewToken({ home, world, address }: Mailbox): Promise<void> {
  world.expireNow();
  succeeded(await home.mailkey(["token", "--force", address]));
}
