/** Many mail programs that log in at the same moment, and a provider that voids everything when a refresh token is used twice. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { IS_NODE } from "./harness.ts";
import type { MailProtocol } from "./password-client.ts";
import { withPrograms } from "./programs.ts";
import { ProxiedHome } from "./proxied-home.ts";

/** 50, of which Dovecot lets ten at most in by POP3. */
const CLIENTS: readonly MailProtocol[] = [...repeated(40, "imap"), ...repeated(5, "pop"), ...repeated(5, "smtp")];

// Which process renews, and how often, does not depend on the runtime.
if (!IS_NODE)
  withPrograms(["dovecot"])("50 logins at the same moment", () => {
    let scene: ProxiedHome;
    beforeAll(async () => {
      scene = await ProxiedHome.open({ rotation: "every-use", accessTokenSeconds: 1, reuse: true });
      await Bun.sleep(1100);
      scene.world.setAccessTokenSeconds(3600);
    });
    afterAll(() => scene.close());

    /** @returns what those were told who are not in */
    async function refusals(): Promise<string[]> {
      const outcomes = await Promise.all(CLIENTS.map((protocol) => scene.logIn(protocol)));
      for (const { client } of outcomes) client.close();
      return outcomes.filter(({ isIn }) => !isIn).map(({ said }) => said);
    }

    test("with a token that has ended cost one renewal, and all are in; the agent, which was not there, included", async () => {
      expect(scene.world.refreshCount()).toBe(0);
      expect(await refusals()).toEqual([]);
      expect(scene.world.refreshCount()).toBe(1);
    });

    test("with a token that the servers refuse, though it should be good, cost one renewal, and no client hears of it", async () => {
      scene.world.expireNow();
      expect(await refusals()).toEqual([]);
      expect(scene.world.refreshCount()).toBe(2);
    });

    test("with a token that is good cost none", async () => {
      expect(await refusals()).toEqual([]);
      expect(scene.world.refreshCount()).toBe(2);
    });
  });

function repeated(count: number, protocol: MailProtocol): MailProtocol[] {
  return Array.from({ length: count }, () => protocol);
}
