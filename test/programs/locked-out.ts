/** A mailbox whose sign-in has ended, for what programs do then. */
import type { Result } from "../e2e/harness.ts";
import type { Mailbox } from "./harness.ts";

/**
 * Afterwards `mailkey token` prints nothing and exits with 77, as after a changed password. To be the last thing that a file does.
 *
 * @param mailkey runs it as the mailbox's owner
 */
export async function lockOut(
  { world, home, address }: Mailbox,
  mailkey: (args: readonly string[]) => Promise<Result> = (args) => home.mailkey(args),
): Promise<void> {
  world.setAccessTokenSeconds(1);
  await mailkey(["token", "--force", address]);
  world.revokeGrants(address);
  world.expireNow();
  for (;;) {
    const { status } = await mailkey(["token", address]);
    if (status === 77) return;
    if (status !== 0) throw new Error(`mailkey token exits with ${status}`);
    await Bun.sleep(100);
  }
}

/** The tokens of this world that turn up in `text`, of which there should be none. */
export function tokensIn(text: string, { world }: Mailbox): string[] {
  return world.secrets.filter((secret) => text.includes(secret));
}
